# polyrpc_generate(TARGET <target>
#   PROTOS <file.proto>...
#   [IMPORT_DIRS <dir>...]   where imports are looked for, as protoc's -I; default: the calling folder
#   [NO_SERVICES])           messages only
#
# Makes C++ of .proto files and adds it to the target, which is then built with polyrpc::protobuf and, for services,
# polyrpc::runtime: of IMPORT_DIR/acme/user.proto the headers acme/user.pb.h, acme/user.polyrpc.hpp and
# acme/user.polyrpc_async.hpp, to be included so by the target and whatever links it. They are made again when a file
# that they come from, by imports too, or one of the programs changes.
#
#   Protobuf_PROTOC_EXECUTABLE      a protoc to use instead of the one that was found
#   POLYRPC_PROTOC_GEN_POLYRPC      a plugin to use instead of polyrpc's own, for who compiles for another machine

cmake_policy(PUSH)
cmake_policy(VERSION 3.22)

function(polyrpc_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "NO_SERVICES" "TARGET" "PROTOS;IMPORT_DIRS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "polyrpc_generate: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(target "${arg_TARGET}")
  if(NOT target OR NOT arg_PROTOS)
    message(FATAL_ERROR "polyrpc_generate: needs TARGET <target> and PROTOS <file.proto>...")
  endif()
  if(NOT TARGET "${target}")
    message(FATAL_ERROR "polyrpc_generate: there is no target ${target}; make it first")
  endif()
  get_target_property(type "${target}" TYPE)
  get_target_property(place "${target}" SOURCE_DIR)
  if(type STREQUAL "INTERFACE_LIBRARY")
    message(FATAL_ERROR "polyrpc_generate: ${target} is an INTERFACE library, which has nothing to compile")
  endif()
  # Other folders don't see how the files are made.
  if(NOT place STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    message(FATAL_ERROR "polyrpc_generate: ${target} is made in ${place}; call polyrpc_generate there")
  endif()
  set(libraries polyrpc::protobuf)
  if(NOT arg_NO_SERVICES)
    list(APPEND libraries polyrpc::runtime)
  endif()
  foreach(library IN LISTS libraries)
    if(NOT TARGET ${library})
      string(REPLACE "polyrpc::" "" component ${library})
      message(FATAL_ERROR "polyrpc_generate: ${target} needs ${library}, which is not there: "
                          "find_package(polyrpc COMPONENTS ${component}), or a build of polyrpc that has it")
    endif()
  endforeach()

  if(Protobuf_PROTOC_EXECUTABLE)
    set(protoc "${Protobuf_PROTOC_EXECUTABLE}")
  elseif(TARGET protobuf::protoc)
    set(protoc protobuf::protoc)
  else()
    find_program(Protobuf_PROTOC_EXECUTABLE protoc)
    mark_as_advanced(Protobuf_PROTOC_EXECUTABLE)
    if(NOT Protobuf_PROTOC_EXECUTABLE)
      message(FATAL_ERROR "polyrpc_generate: protoc not found. Install protobuf-compiler, or set Protobuf_PROTOC_EXECUTABLE.")
    endif()
    set(protoc "${Protobuf_PROTOC_EXECUTABLE}")
  endif()

  set(out "${CMAKE_CURRENT_BINARY_DIR}/polyrpc_generated/${target}")
  file(MAKE_DIRECTORY "${out}")
  set(flags "--cpp_out=${out}")
  set(programs "${protoc}")
  set(endings .pb.cc .pb.h)
  if(NOT arg_NO_SERVICES)
    if(POLYRPC_PROTOC_GEN_POLYRPC)
      set(plugin "${POLYRPC_PROTOC_GEN_POLYRPC}")
      list(APPEND programs "${plugin}")
    elseif(TARGET polyrpc::protoc-gen-polyrpc)
      set(plugin "$<TARGET_FILE:polyrpc::protoc-gen-polyrpc>")
      list(APPEND programs polyrpc::protoc-gen-polyrpc "${plugin}")
    else()
      message(FATAL_ERROR "polyrpc_generate: this polyrpc was built with POLYRPC_PROTOC_PLUGIN=OFF. "
                          "Set POLYRPC_PROTOC_GEN_POLYRPC to a protoc-gen-polyrpc, or say NO_SERVICES.")
    endif()
    list(APPEND flags "--plugin=protoc-gen-polyrpc=${plugin}" "--polyrpc_out=${out}")
    list(APPEND endings .polyrpc.hpp .polyrpc_async.hpp)
  endif()

  set(import_dirs)
  if(NOT arg_IMPORT_DIRS)
    set(arg_IMPORT_DIRS "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    cmake_path(ABSOLUTE_PATH dir BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    string(REGEX REPLACE "(.)/$" "\\1" dir "${dir}")
    list(APPEND import_dirs "${dir}")
    list(APPEND flags "--proto_path=${dir}")
  endforeach()

  foreach(proto IN LISTS arg_PROTOS)
    cmake_path(ABSOLUTE_PATH proto BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    if(NOT proto MATCHES "\\.proto$")
      message(FATAL_ERROR "polyrpc_generate: ${proto} does not end in .proto")
    endif()
    get_source_file_property(is_generated "${proto}" GENERATED)
    if(NOT EXISTS "${proto}" AND NOT is_generated)
      message(FATAL_ERROR "polyrpc_generate: ${proto} does not exist")
    endif()
    set(name "")
    foreach(dir IN LISTS import_dirs)
      cmake_path(IS_PREFIX dir "${proto}" is_below)
      if(is_below)
        cmake_path(RELATIVE_PATH proto BASE_DIRECTORY "${dir}" OUTPUT_VARIABLE name)
        break()
      endif()
    endforeach()
    if(NOT name)
      list(JOIN import_dirs ", " import_dirs)
      message(FATAL_ERROR "polyrpc_generate: ${proto} is below none of the IMPORT_DIRS (${import_dirs})")
    endif()
    string(REGEX REPLACE "\\.proto$" "" base "${name}")
    set(made)
    foreach(ending IN LISTS endings)
      list(APPEND made "${out}/${base}${ending}")
    endforeach()

    add_custom_command(OUTPUT ${made}
      COMMAND ${protoc} ${flags} "--dependency_out=${out}/${base}.d" "${proto}"
      DEPENDS "${proto}" ${programs}
      DEPFILE "${out}/${base}.d"
      COMMENT "Making C++ of ${name}"
      VERBATIM)
    cmake_path(GET base PARENT_PATH folder)
    file(MAKE_DIRECTORY "${out}/${folder}")
    # What protoc writes is not the user's to answer for.
    set_source_files_properties("${out}/${base}.pb.cc" PROPERTIES SKIP_LINTING ON
      COMPILE_OPTIONS "$<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-w>")
    target_sources("${target}" PRIVATE ${made})
  endforeach()

  target_include_directories("${target}" SYSTEM PUBLIC "$<BUILD_INTERFACE:${out}>")
  target_link_libraries("${target}" PUBLIC ${libraries})
endfunction()

cmake_policy(POP)
