# Finds Protocol Buffers and makes the targets protobuf::libprotobuf and protobuf::protoc.
#
# The package's own configuration is preferred: since version 22 only it names the libraries (absl) that headers and
# library need. Where there is none, as in Debian 12, CMake's own module looks for it.

if(NOT TARGET protobuf::libprotobuf)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
  find_package(Protobuf CONFIG QUIET)
  unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
  if(NOT TARGET protobuf::libprotobuf)
    include("${CMAKE_ROOT}/Modules/FindProtobuf.cmake")
  endif()
  # The compiler, like the library, for folders beside the one that looked.
  if(TARGET protobuf::protoc)
    set_target_properties(protobuf::protoc PROPERTIES IMPORTED_GLOBAL TRUE)
  endif()
endif()
set(Protobuf_FOUND TRUE)
if(NOT TARGET protobuf::libprotobuf)
  set(Protobuf_FOUND FALSE)
endif()
