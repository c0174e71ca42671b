#pragma once

#include "decoder.hpp"
#include "encoder.hpp"
#include "plan.hpp"

// How `params` holds a call's argument.
namespace polyrpc::json {

/// Version 1.0: the argument is the first element. `params` is checked JSON, empty when the request has none.
Status read_params_v1(std::string_view params, const Plan& plan, void* object, const ReadRules& rules,
                      const CodecLimits& limits, Scratch* scratch);

/// Version 2.0, by position or by name; `params` is a checked list or object, or empty. docs/wire/jsonrpc.md has the
/// rules.
Status read_params_v2(std::string_view params, const Plan& plan, void* object, const ReadRules& rules,
                      const CodecLimits& limits, Scratch* scratch);

/// Writes `,"params":` and the argument so that `read_params_v2` takes it back, or nothing where there is no argument.
bool write_params_v2(Encoder& encoder, Sink& sink, const Plan& plan, const void* object);

}  // namespace polyrpc::json
