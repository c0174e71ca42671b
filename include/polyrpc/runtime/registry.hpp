#pragma once

#include "polyrpc/core/method.hpp"
#include "polyrpc/runtime/handler.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace polyrpc {

/// One method as it is registered.
struct MethodEntry {
  std::string name;  ///< `Service.Method`
  std::string service;
  std::string method;
  std::unique_ptr<const Handler> handler;
  std::size_t index = 0;  ///< counts up from 0 in the order of registration
  bool borrows = false;   ///< the argument has views into the message it was read from
};

/// The methods that are served, whatever the wire. Filled before a server starts; from then on read-only and shared by
/// all threads.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Registers `function` under `Service.Method`, cut at the last dot. Allowed forms are `Reply(const Args&)`,
  /// `Result<Reply>(const Args&)`, `Status(const Args&)`, `void(const Args&)` and `Status(const Args&, Reply&)`, each
  /// with or without a leading `Context&`, plain, wrapped in `blocking(...)`, or as coroutines returning
  /// `Awaitable<...>`, and the streaming forms of `polyrpc/runtime/stream.hpp`. A name without a dot is a method
  /// without a service, which JSON-RPC 2.0 has and net/rpc has not. Handlers may be called by several threads at once
  /// if the server has several. Throws `std::logic_error` if the name is taken or lacks a part, if a server has
  /// started, or if the argument borrows from the message
  /// (`std::string_view`, `std::span`) and the handler is not a plain function. A server with interceptors refuses to
  /// serve arguments that borrow.
  template <class F>
  Registry& add(std::string_view name, F function) {
    add_handler(name, detail::make_handler(std::move(function)));
    return *this;
  }

  /// The same for a typed method constant; the function's types must be the method's.
  template <class Args, class Reply, CallKind kind, class F>
  Registry& add(const Method<Args, Reply, kind>& method, F function) {
    using Function = typename detail::BlockingTraits<F>::Function;
    if constexpr (kind != CallKind::unary || detail::is_streaming_function<Function>()) {
      static_assert(detail::StreamsAs<Function, Args, Reply, kind>::value,
                    "polyrpc: the handler's kind of streaming or its types are not the method's");
      add_handler(method.name, detail::make_handler(std::move(function)));
    } else {
      detail::check_form<Function>();
      if constexpr (detail::HandlerForm<Function>::valid) {
        static_assert(std::is_same_v<typename detail::HandlerForm<Function>::Args, Args>,
                      "polyrpc: the handler's argument type is not the method's");
        static_assert(std::is_same_v<typename detail::HandlerForm<Function>::Reply, Reply>,
                      "polyrpc: the handler's reply type is not the method's");
        add_handler(method.name, detail::make_handler(std::move(function)));
      }
    }
    return *this;
  }

  /// A member function of a service object, which must outlive the registry:
  /// `registry.add("Arith.Multiply", service, &Arith::multiply)`.
  template <class Name, class Object, class M>
    requires std::is_member_function_pointer_v<M>
  Registry& add(const Name& name, Object& object, M member) {
    return add(name, detail::Bound<Object, M, typename detail::MemberSignature<M>::Type>{&object, member});
  }

  void add_handler(std::string_view name, std::unique_ptr<const Handler> handler);

  /// The method of that name; null if there is none.
  const MethodEntry* find(std::string_view name) const noexcept;
  /// Why there is no method of that name, in Go's words: `rpc: can't find method Arith.Pow`.
  Status why_not(std::string_view name) const;
  /// All methods, in the order of their names.
  std::vector<const MethodEntry*> methods() const;
  std::size_t size() const noexcept { return entries_.size(); }

  /// How many threads the pool for `blocking` handlers may have; they are started when first needed. Default: the
  /// machine's cores, at least 4. Throws `std::logic_error` once the pool is in use.
  void set_blocking_threads(std::size_t threads);
  WorkerPool& pool() const noexcept { return *pool_; }

  /// For servers: no method may be added any more.
  void seal() const noexcept { sealed_ = true; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  std::unordered_map<std::string, std::unique_ptr<MethodEntry>, Hash, std::equal_to<>> entries_;
  std::unordered_set<std::string, Hash, std::equal_to<>> services_;
  std::unique_ptr<WorkerPool> pool_;
  mutable bool sealed_ = false;
};

}  // namespace polyrpc
