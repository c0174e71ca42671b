#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// How types that hold any JSON value plug into the codec; `json_dynamic.hpp` does it for `nlohmann::json`.
namespace polyrpc::json {

/// Where a dynamic value writes itself. Commas and colons come by themselves.
class DynamicWriter {
 public:
  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void integer(std::int64_t value) = 0;
  virtual void unsigned_integer(std::uint64_t value) = 0;
  virtual void real(double value) = 0;
  virtual void string(std::string_view value) = 0;
  virtual void bytes(const void* data, std::size_t size) = 0;
  /// False: nested too deeply, go no further.
  virtual bool begin_list() = 0;
  virtual void end_list() = 0;
  virtual bool begin_object() = 0;
  virtual void key(std::string_view name) = 0;
  virtual void end_object() = 0;

 protected:
  ~DynamicWriter() = default;
};

/// What `Shape::foreign->ops` points to when `Shape::foreign->family` is `&dynamic_family`.
struct DynamicOps {
  void (*set_null)(void*);
  void (*set_boolean)(void*, bool);
  void (*set_integer)(void*, std::int64_t);
  void (*set_unsigned)(void*, std::uint64_t);
  void (*set_real)(void*, double);
  void (*set_string)(void*, std::string_view);
  void (*make_list)(void*);
  void* (*add_element)(void*);  ///< stays good until the next one is added
  void (*make_object)(void*);
  void* (*add_member)(void*, std::string_view key);  ///< the same; of equal keys there is one

  void (*write)(const void*, DynamicWriter&);
};

/// Its address names the family of types that `DynamicOps` serve.
extern const char dynamic_family;

}  // namespace polyrpc::json
