# The messages of the tests, by protoc: polyrpc_test_messages.
if(NOT TARGET polyrpc_test_messages)
  set(generated "${PROJECT_BINARY_DIR}/tests/protobuf_messages")
  file(MAKE_DIRECTORY "${generated}")
  add_custom_command(
    OUTPUT "${generated}/messages.pb.cc" "${generated}/messages.pb.h"
    COMMAND protobuf::protoc "--cpp_out=${generated}" -I "${CMAKE_CURRENT_LIST_DIR}" messages.proto
    DEPENDS "${CMAKE_CURRENT_LIST_DIR}/messages.proto" protobuf::protoc
    VERBATIM)
  add_library(polyrpc_test_messages STATIC "${generated}/messages.pb.cc")
  target_include_directories(polyrpc_test_messages SYSTEM PUBLIC "${generated}")
  target_link_libraries(polyrpc_test_messages PUBLIC polyrpc::protobuf)
  target_compile_options(polyrpc_test_messages PRIVATE -w)
endif()
