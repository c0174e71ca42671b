# Every option of the build. What only helps to develop polyrpc is on when polyrpc is the top project, off otherwise.

include(CMakeDependentOption)

option(BUILD_SHARED_LIBS "Build shared libraries instead of static ones" OFF)

# The leaves. Without GZIP, JSON, PROTOBUF and HTTP1 a compiler and asio are enough; without RUNTIME too, a compiler is.
option(POLYRPC_GZIP "Build gzip as a compressor (needs zlib)" ON)
option(POLYRPC_GOB "Build the gob codec" ON)
option(POLYRPC_JSON "Build the JSON-RPC codec (needs nlohmann_json)" ON)
option(POLYRPC_PROTOBUF "Build the protobuf codec (needs protobuf)" ON)
set(POLYRPC_SNAPPY AUTO CACHE STRING "Compressed bodies in the protorpc envelope (needs snappy): ON, OFF, or AUTO, where it is found")
option(POLYRPC_RUNTIME "Build servers, clients and transports (needs asio)" ON)
cmake_dependent_option(POLYRPC_HTTP1 "Build the HTTP/1.1 transport (needs llhttp)" ON "POLYRPC_RUNTIME" OFF)
cmake_dependent_option(POLYRPC_GRPC "Build gRPC (needs nghttp2)" ON "POLYRPC_RUNTIME;POLYRPC_PROTOBUF" OFF)

option(POLYRPC_INSTALL "Make install rules" ${PROJECT_IS_TOP_LEVEL})
option(POLYRPC_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(POLYRPC_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(POLYRPC_BENCHMARKS "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(POLYRPC_FUZZERS "Build the fuzz targets (without libFuzzer they replay their seed corpus)" ${PROJECT_IS_TOP_LEVEL})

option(POLYRPC_WARNINGS "Compile polyrpc itself with many warnings" ${PROJECT_IS_TOP_LEVEL})
option(POLYRPC_WERROR "Make those warnings errors" OFF)
option(POLYRPC_COVERAGE "Instrument polyrpc for coverage" OFF)
option(POLYRPC_LIBFUZZER "Link the fuzz targets with libFuzzer (clang only)" OFF)
option(POLYRPC_CHECK_HEADERS "Compile every public header alone" OFF)
option(POLYRPC_INSTALL_TESTS "Test the installation with consumers of all kinds (builds the library again)" ON)
set(POLYRPC_SANITIZE "" CACHE STRING "Sanitizers for polyrpc itself, as -fsanitize= takes them")
set(POLYRPC_FUZZ_SECONDS 60 CACHE STRING "How long ctest runs each fuzz target when libFuzzer is linked")
set(POLYRPC_TEST_TIMEOUT_FACTOR 1 CACHE STRING "Multiplies every test's time limit")

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
  endif()
  if("${CMAKE_EXPORT_COMPILE_COMMANDS}" STREQUAL "")  # project() defines it, as nothing
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  endif()
  find_program(POLYRPC_CCACHE ccache)
  mark_as_advanced(POLYRPC_CCACHE)
  if(POLYRPC_CCACHE)
    foreach(language IN ITEMS C CXX)
      if(NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
        set(CMAKE_${language}_COMPILER_LAUNCHER "${POLYRPC_CCACHE}")
      endif()
    endforeach()
  endif()
endif()
