# How a test is made. Every helper makes one ctest test with a time limit; exit code 77 means skipped, and ctest lists it.

# polyrpc_set_test_properties(<name> <timeout or ""> <labels> <environment>)
function(polyrpc_set_test_properties name timeout labels environment)
  if(NOT timeout)
    set(timeout 120)
  endif()
  math(EXPR timeout "${timeout} * ${POLYRPC_TEST_TIMEOUT_FACTOR}")
  list(APPEND environment "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1" "UBSAN_OPTIONS=print_stacktrace=1"
       "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} SKIP_RETURN_CODE 77 LABELS "${labels}"
                       ENVIRONMENT "${environment}")
endfunction()

# What tests/support has precompiled, if it has: with sockets where one of the libraries has them.
function(polyrpc_reuse_headers target libs)
  set(headers polyrpc_test_headers)
  if(libs MATCHES "polyrpc::(polyrpc|runtime|transports|interceptors|services|grpc|tls)|stream_peer" AND TARGET polyrpc_test_headers_asio)
    set(headers polyrpc_test_headers_asio)
  endif()
  if(TARGET ${headers})
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()

# polyrpc_add_test(<name>              ctest's name, folder first: core.status, runtime.server
#   SOURCES <file>...
#   [LIBS <lib>...]                    polyrpc::core, ...
#   [LABELS <label>...]                default: what stands before the first dot of the name
#   [TIMEOUT <seconds>]                default: 120
#   [ENVIRONMENT <NAME>=<value>...]
#   [ARGS <arg>...]                    for the executable
#   [NO_CATCH]                         SOURCES have a main of their own
#   [SERIAL])                          no other test may run at the same time (it measures or needs many descriptors)
#
# Makes the executable test_<name>, dots as underscores, from Catch2 test cases (include "support/catch.hpp").
function(polyrpc_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_CATCH;SERIAL" "TIMEOUT" "SOURCES;LIBS;LABELS;ENVIRONMENT;ARGS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "polyrpc_add_test(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_LABELS)
    string(REGEX REPLACE "\\..*" "" arg_LABELS "${name}")
  endif()
  string(MAKE_C_IDENTIFIER "test_${name}" target)
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${target} PRIVATE polyrpc_dev ${arg_LIBS} polyrpc_test_support)  # flags in this order
  if(NOT arg_NO_CATCH)
    target_link_libraries(${target} PRIVATE polyrpc_test_main)
  endif()
  polyrpc_reuse_headers(${target} "${arg_LIBS}")
  add_test(NAME ${name} COMMAND ${target} ${arg_ARGS})
  polyrpc_set_test_properties(${name} "${arg_TIMEOUT}" "${arg_LABELS}" "${arg_ENVIRONMENT}")
  set_tests_properties(${name} PROPERTIES RUN_SERIAL ${arg_SERIAL})
endfunction()

# polyrpc_add_script_test(<name>
#   COMMAND <program> <arg>...         generator expressions welcome: $<TARGET_FILE:arith_server>
#   [LABELS ...] [TIMEOUT ...] [ENVIRONMENT ...] [SERIAL]
#   [WORKING_DIRECTORY <dir>])         default: the build folder of the calling CMakeLists.txt
#
# A program that exits with 0 (passed), 77 (skipped: it prints why) or anything else (failed).
function(polyrpc_add_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT;WORKING_DIRECTORY" "COMMAND;LABELS;ENVIRONMENT")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "polyrpc_add_script_test(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_LABELS)
    string(REGEX REPLACE "\\..*" "" arg_LABELS "${name}")
  endif()
  if(NOT arg_WORKING_DIRECTORY)
    set(arg_WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY "${arg_WORKING_DIRECTORY}")
  polyrpc_set_test_properties(${name} "${arg_TIMEOUT}" "${arg_LABELS}" "${arg_ENVIRONMENT}")
  set_tests_properties(${name} PROPERTIES RUN_SERIAL ${arg_SERIAL})
endfunction()

# polyrpc_add_fuzzer(<name>            ctest calls it fuzz.<name>
#   SOURCES <file>...                  with LLVMFuzzerTestOneInput
#   [LIBS <lib>...]
#   [CORPUS <dir>]                     seeds; default: corpus/<name> beside the calling CMakeLists.txt
#   [DICTIONARY <file>]                words for libFuzzer to try
#   [MAX_LEN <bytes>])                 default: 4096
#
# With POLYRPC_LIBFUZZER the test searches for POLYRPC_FUZZ_SECONDS. In every other build it replays the seeds, each also cut
# off after every byte and with single bytes changed, so that the suite of any compiler guards what fuzzing once found.
function(polyrpc_add_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS;DICTIONARY;MAX_LEN" "SOURCES;LIBS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "polyrpc_add_fuzzer(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_CORPUS)
    set(arg_CORPUS "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  endif()
  if(NOT arg_MAX_LEN)
    set(arg_MAX_LEN 4096)
  endif()
  set(target fuzz_${name})
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE polyrpc_dev ${arg_LIBS})
  if(NOT POLYRPC_SANITIZE)  # where tests have other flags
    polyrpc_reuse_headers(${target} "${arg_LIBS}")
  endif()
  if(POLYRPC_LIBFUZZER)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(found "${CMAKE_CURRENT_BINARY_DIR}/${target}_found")
    file(MAKE_DIRECTORY "${found}")
    set(dictionary)
    if(arg_DICTIONARY)
      cmake_path(ABSOLUTE_PATH arg_DICTIONARY BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
      set(dictionary "-dict=${arg_DICTIONARY}")
    endif()
    add_test(NAME fuzz.${name} COMMAND ${target} -max_total_time=${POLYRPC_FUZZ_SECONDS} -max_len=${arg_MAX_LEN}
             -error_exitcode=1 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 ${dictionary}
             "-artifact_prefix=${found}/" "${found}" "${arg_CORPUS}")
    math(EXPR timeout "${POLYRPC_FUZZ_SECONDS} + 120")  # and not libFuzzer's own exit code, 77: that is "skipped" here
  else()
    target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay.cpp")
    add_test(NAME fuzz.${name} COMMAND ${target} "${arg_CORPUS}")
    set(timeout 300)
  endif()
  polyrpc_set_test_properties(fuzz.${name} ${timeout} fuzz "")
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers ${target})
endfunction()
