// Services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.pb.h"

#include <polyrpc/codecs/protobuf_message.hpp>
