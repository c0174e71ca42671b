#include "params.hpp"

#include "polyrpc/codecs/json_foreign.hpp"
#include "polyrpc/core/any.hpp"

#include "scanner.hpp"

#include <string>

namespace polyrpc::json {

namespace {

/// Whether it can be any JSON value, which only reading or writing it tells.
bool is_dynamic(const Plan& plan) noexcept {
  return plan.kind == Kind::foreign && plan.shape->foreign->family == &dynamic_family;
}

/// Whether values of the plan may be JSON lists.
bool is_list_like(const Plan& plan) noexcept {
  switch (plan.kind) {
    case Kind::array:
    case Kind::list:
    case Kind::any:
    case Kind::variant:
      return true;
    case Kind::foreign:
      return is_dynamic(plan);
    case Kind::structure:
      return plan.is_tuple;
    case Kind::optional:
      return is_list_like(*plan.element);
    default:
      return false;
  }
}

/// Whether values of the plan may be JSON objects.
bool is_object_like(const Plan& plan) noexcept {
  switch (plan.kind) {
    case Kind::map:
    case Kind::any:
    case Kind::variant:
    case Kind::foreign:
      return true;
    case Kind::structure:
      return !plan.is_tuple;
    case Kind::optional:
      return is_object_like(*plan.element);
    default:
      return false;
  }
}

bool read_v2(Decoder& decoder, const Plan& plan, void* object) {
  switch (plan.kind) {
    case Kind::any:
      return decoder.value(plan, object);
    case Kind::foreign:
      if (is_dynamic(plan)) return decoder.value(plan, object);
      break;
    case Kind::optional:
      if (is_list_like(plan) || is_object_like(plan))
        return read_v2(decoder, *plan.element, plan.shape->optional->emplace(object));
      break;
    default:
      break;
  }
  if (decoder.peek() == '{') {
    if (is_object_like(plan)) return decoder.value(plan, object);
    return decoder.fail(Status::invalid_argument("jsonrpc: named params for an argument of type " +
                                                 type_text(*plan.shape) + ", which has no names"));
  }

  // A list: either it is the argument, or its one element is.
  const char* const start = decoder.position();
  decoder.take('[');
  if (decoder.take(']')) return true;
  const char first = decoder.peek();
  bool is_inside = true;
  switch (plan.kind) {
    case Kind::structure:
      is_inside = plan.fields.empty() || (plan.is_tuple ? first == '[' && !is_list_like(*plan.fields.front().plan)
                                                        : first == '{' && !is_object_like(*plan.fields.front().plan));
      break;
    case Kind::array:
    case Kind::list:
      is_inside = first == '[' && !is_list_like(*plan.element);
      break;
    case Kind::variant: {
      if (!decoder.skip()) return false;
      is_inside = decoder.take(']');
      decoder.go_back(start);
      decoder.take('[');
      break;
    }
    default:
      break;
  }
  if (is_inside) {
    if (!decoder.value(plan, object)) return false;
    if (decoder.take(']')) return true;
    return decoder.fail(
        Status::invalid_argument("jsonrpc: more params than the one argument of type " + type_text(*plan.shape)));
  }
  decoder.go_back(start);
  return plan.kind == Kind::structure ? decoder.positions(plan, object) : decoder.value(plan, object);
}

}  // namespace

Status read_params_v1(std::string_view params, const Plan& plan, void* object, const ReadRules& rules,
                      const CodecLimits& limits, Scratch* scratch) {
  // The texts are Go's (net/rpc/jsonrpc, server.go; encoding/json).
  if (params.empty() || params.front() == 'n') return Status::invalid_argument("jsonrpc: request body missing params");
  Decoder decoder(params, rules, limits, scratch);
  if (!decoder.take('[')) {
    std::string_view what = "number";
    if (params.front() == '{') what = "object";
    if (params.front() == '"') what = "string";
    if (params.front() == 't' || params.front() == 'f') what = "bool";
    return Status::invalid_argument("json: cannot unmarshal " + std::string(what) +
                                    " into Go value of type [1]interface {}");
  }
  if (decoder.take(']') || decoder.value(plan, object)) return {};
  return decoder.take_failure();
}

Status read_params_v2(std::string_view params, const Plan& plan, void* object, const ReadRules& rules,
                      const CodecLimits& limits, Scratch* scratch) {
  if (params.empty()) return {};
  Decoder decoder(params, rules, limits, scratch);
  if (read_v2(decoder, plan, object)) return {};
  return decoder.take_failure();
}

bool write_params_v2(Encoder& encoder, Sink& sink, const Plan& plan, const void* object) {
  constexpr std::string_view name = ",\"params\":";
  const auto as_one_element = [&] {
    sink.put(name);
    sink.put('[');
    if (!encoder.value(plan, object)) return false;
    sink.put(']');
    return true;
  };
  switch (plan.kind) {
    case Kind::structure:
      if (plan.shape->is_nothing) return true;
      break;
    case Kind::map:
    case Kind::list:
    case Kind::array:
      break;
    case Kind::optional:
      if (!is_list_like(plan) && !is_object_like(plan)) return as_one_element();
      if (const void* element = plan.shape->optional->get(object); element != nullptr)
        return write_params_v2(encoder, sink, *plan.element, element);
      return true;
    case Kind::any:
    case Kind::foreign: {
      // What it is shows when it is written.
      sink.put(name);
      const std::size_t mark = sink.size();
      if (!encoder.value(plan, object)) return false;
      const char first = sink.at(mark);
      if (first == 'n') {
        sink.shrink(mark - name.size());
      } else if (first != '{' && (first != '[' || (plan.kind == Kind::foreign && !is_dynamic(plan)))) {
        sink.insert(mark, '[');
        sink.put(']');
      }
      return true;
    }
    default:
      return as_one_element();
  }
  sink.put(name);
  return encoder.value(plan, object);
}

}  // namespace polyrpc::json
