# cmake -D REGEX=<regex> -P expect_error.cmake -- <compiler> <arg>...
# Passes when the compiler fails and its messages match.

set(command)
set(seen_dashes FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(index RANGE ${last})
  if(seen_dashes)
    list(APPEND command "${CMAKE_ARGV${index}}")
  elseif(CMAKE_ARGV${index} STREQUAL "--")
    set(seen_dashes TRUE)
  endif()
endforeach()

execute_process(COMMAND ${command} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
message("${output}")
if(result EQUAL 0)
  message(FATAL_ERROR "It compiled.")
elseif(NOT result EQUAL 1)
  message(FATAL_ERROR "The compiler did not end properly: ${result}")
elseif(NOT output MATCHES "${REGEX}")
  message(FATAL_ERROR "No message matches: ${REGEX}")
endif()
