# Finds llhttp, an HTTP/1 parser in C, and makes the target Llhttp::llhttp.
#
# An installed library is preferred (libllhttp-dev and the like). Where there is none, the generated C sources are taken
# that Debian ships in node-llhttp: Llhttp::llhttp then carries them as sources, so that they are compiled into whatever
# links it PRIVATE, and Llhttp_EMBEDDED is true.

find_path(Llhttp_INCLUDE_DIR llhttp.h)
find_library(Llhttp_LIBRARY llhttp)
find_path(Llhttp_SOURCE_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp /usr/share/llhttp /usr/include/llhttp)
find_path(Llhttp_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp /usr/src/llhttp)
mark_as_advanced(Llhttp_INCLUDE_DIR Llhttp_LIBRARY Llhttp_SOURCE_INCLUDE_DIR Llhttp_SOURCE_DIR)

set(Llhttp_EMBEDDED FALSE)
set(llhttp_header_dir "${Llhttp_INCLUDE_DIR}")
if(NOT Llhttp_LIBRARY AND Llhttp_SOURCE_DIR AND Llhttp_SOURCE_INCLUDE_DIR)
  set(Llhttp_EMBEDDED TRUE)
  set(Llhttp_FROM "${Llhttp_SOURCE_DIR}")
  set(llhttp_header_dir "${Llhttp_SOURCE_INCLUDE_DIR}")
elseif(Llhttp_LIBRARY AND Llhttp_INCLUDE_DIR)
  set(Llhttp_FROM "${Llhttp_LIBRARY}")
endif()

if(llhttp_header_dir AND EXISTS "${llhttp_header_dir}/llhttp.h")
  set(Llhttp_VERSION "")
  foreach(part IN ITEMS MAJOR MINOR PATCH)
    file(STRINGS "${llhttp_header_dir}/llhttp.h" llhttp_line REGEX "^#define LLHTTP_VERSION_${part} ")
    string(REGEX MATCH "[0-9]+" llhttp_number "${llhttp_line}")
    string(APPEND Llhttp_VERSION "${llhttp_number}.")
  endforeach()
  string(REGEX REPLACE "\\.$" "" Llhttp_VERSION "${Llhttp_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Llhttp REQUIRED_VARS Llhttp_FROM VERSION_VAR Llhttp_VERSION)

if(Llhttp_FOUND AND NOT TARGET Llhttp::llhttp)
  if(Llhttp_EMBEDDED)
    add_library(Llhttp::llhttp INTERFACE IMPORTED)
    # Up to version 8 the lenient parser is the default; from 9 on there is only the strict one.
    set_target_properties(Llhttp::llhttp PROPERTIES
      INTERFACE_SOURCES "${Llhttp_SOURCE_DIR}/api.c;${Llhttp_SOURCE_DIR}/http.c;${Llhttp_SOURCE_DIR}/llhttp.c"
      INTERFACE_INCLUDE_DIRECTORIES "${Llhttp_SOURCE_INCLUDE_DIR}"
      INTERFACE_COMPILE_DEFINITIONS "LLHTTP_STRICT_MODE=1"
      INTERFACE_COMPILE_OPTIONS "$<$<COMPILE_LANGUAGE:C>:-w;-fvisibility=hidden>")
  else()
    add_library(Llhttp::llhttp UNKNOWN IMPORTED)
    set_target_properties(Llhttp::llhttp PROPERTIES
      IMPORTED_LOCATION "${Llhttp_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${Llhttp_INCLUDE_DIR}")
  endif()
endif()
