# polyrpc_dev: warnings, sanitizers and coverage for our own targets. Each of them links it PRIVATE, so that no consumer
# of the library ever sees these flags.

add_library(polyrpc_dev INTERFACE)

if(POLYRPC_WARNINGS AND NOT MSVC)
  target_compile_options(polyrpc_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Optimising, g++ 12 takes "text" + std::string for overlapping copies (its bug 105651).
    target_compile_options(polyrpc_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
  endif()
  if(POLYRPC_WERROR)
    target_compile_options(polyrpc_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
  endif()
endif()

if(POLYRPC_PRECOMPILE_HEADERS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(polyrpc_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)  # for ccache
endif()

if(POLYRPC_SANITIZE)
  target_compile_options(polyrpc_dev INTERFACE -fsanitize=${POLYRPC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(POLYRPC_SANITIZE MATCHES "undefined")
    # It takes the type_info of asio's executors for an object of another type.
    target_compile_options(polyrpc_dev INTERFACE -fno-sanitize=vptr)
  endif()
  target_link_options(polyrpc_dev INTERFACE -fsanitize=${POLYRPC_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ warns of what its own instrumentation moved about, in the standard library. The other builds have this warning.
    target_compile_options(polyrpc_dev INTERFACE -Wno-maybe-uninitialized)
  endif()
  if(POLYRPC_SANITIZE MATCHES "address")
    # Otherwise asio keeps freed coroutine frames for reuse, and ASan can't see who still uses them.
    target_compile_definitions(polyrpc_dev INTERFACE ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
  endif()
  if(POLYRPC_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # asio has std::atomic_thread_fence in headers; TSan does not model it and g++ says so at every use.
    target_compile_options(polyrpc_dev INTERFACE -Wno-tsan)
  endif()
endif()

if(POLYRPC_LIBFUZZER)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "polyrpc: POLYRPC_LIBFUZZER needs clang, this is ${CMAKE_CXX_COMPILER_ID}")
  endif()
  target_compile_options(polyrpc_dev INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(POLYRPC_COVERAGE)
  target_compile_options(polyrpc_dev INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(polyrpc_dev INTERFACE --coverage)
endif()
