# polyrpc_add_library(<folder>
#   [INCLUDE <dir>]       where its public headers are; default: include/ of the project
#   [SOURCES <file>...]   relative to the calling CMakeLists.txt; none: a header-only library
#   [PUBLIC <lib>...]     libraries that public headers need
#   [PRIVATE <lib>...]    libraries that only the sources need
#   [PACKAGES <name>...]  what a user of the installed library has to find_package first
#   [DEFINES <name>=<value>...])  what users of the library have to define as well
#
# Makes the target polyrpc_<folder> with the alias polyrpc::<folder>, its install rules, a find_package component of that
# name and a pkg-config file polyrpc-<folder>.pc.
function(polyrpc_add_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "INCLUDE" "SOURCES;PUBLIC;PRIVATE;PACKAGES;DEFINES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "polyrpc_add_library(${folder}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_INCLUDE)
    set(arg_INCLUDE "${PROJECT_SOURCE_DIR}/include")
  endif()

  set(target polyrpc_${folder})
  if(arg_SOURCES)
    add_library(${target} ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:polyrpc_dev> ${arg_PRIVATE})
    if(NOT MSVC)  # so that --gc-sections leaves out what a program does not use, as a server the clients
      target_compile_options(${target} PRIVATE "$<$<NOT:$<CONFIG:Debug>>:-ffunction-sections;-fdata-sections>")
    endif()
    set_target_properties(${target} PROPERTIES VERSION ${PROJECT_VERSION}
                          SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} CXX_EXTENSIONS OFF
                          UNITY_BUILD ${POLYRPC_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 10)
    if(POLYRPC_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # It takes a source that is included for a header, where types of the file's own would be a mistake.
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
    endif()
    # Shared libraries find each other where they are installed together; an executable's own path reaches only the ones it names.
    if(APPLE)
      set_target_properties(${target} PROPERTIES INSTALL_RPATH "@loader_path")
    elseif(UNIX)
      set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
    endif()
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(polyrpc::${folder} ALIAS ${target})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope} "$<BUILD_INTERFACE:${arg_INCLUDE}>"
                             "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target} ${scope} ${arg_PUBLIC})
  target_compile_definitions(${target} ${scope} ${arg_DEFINES})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${folder})

  # What PolyrpcInstall and the header check read.
  set_property(GLOBAL APPEND PROPERTY POLYRPC_LIBRARIES ${folder})
  foreach(key IN ITEMS INCLUDE SOURCES PUBLIC PRIVATE PACKAGES DEFINES)
    set_property(GLOBAL PROPERTY POLYRPC_${folder}_${key} "${arg_${key}}")
  endforeach()
endfunction()

# polyrpc_find_package(<name> <target> [<hint for who misses it>])
# find_package, with its targets visible in the project that added polyrpc with add_subdirectory too.
macro(polyrpc_find_package name target)
  if(NOT TARGET ${target})
    find_package(${name} QUIET)
    if(NOT TARGET ${target})
      message(FATAL_ERROR "polyrpc: ${name} not found. ${ARGN}")
    endif()
    get_target_property(polyrpc_imported ${target} IMPORTED)
    if(polyrpc_imported)
      set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
  endif()
endmacro()
