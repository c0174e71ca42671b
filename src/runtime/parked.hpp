#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace polyrpc {

/// A suspended coroutine's way on, kept in place: waiting costs no allocation. Runs once, or is dropped.
class Parked {
 public:
  Parked() noexcept = default;
  Parked(const Parked&) = delete;
  Parked& operator=(const Parked&) = delete;
  ~Parked() { drop(); }

  explicit operator bool() const noexcept { return ops_ != nullptr; }

  template <class Completion>
  void park(Completion&& completion) {
    using Stored = std::decay_t<Completion>;
    static_assert(std::is_nothrow_move_constructible_v<Stored>);
    drop();
    if constexpr (sizeof(Stored) <= sizeof place_ && alignof(Stored) <= alignof(std::max_align_t)) {
      ::new (static_cast<void*>(place_)) Stored(std::forward<Completion>(completion));
      ops_ = &ops_in_place<Stored>;
    } else {
      ::new (static_cast<void*>(place_)) std::unique_ptr<Stored>(new Stored(std::forward<Completion>(completion)));
      ops_ = &ops_behind_pointer<Stored>;
    }
  }

  /// Goes on, if somebody is parked here.
  void resume() {
    if (ops_ != nullptr) std::exchange(ops_, nullptr)->run(place_);
  }
  void drop() noexcept {
    if (ops_ != nullptr) std::exchange(ops_, nullptr)->destroy(place_);
  }

 private:
  struct Ops {
    void (*run)(void*);
    void (*destroy)(void*) noexcept;
  };

  template <class Stored>
  static constexpr Ops ops_in_place = {[](void* place) {
                                         Stored& stored = *static_cast<Stored*>(place);
                                         Stored taken(std::move(stored));
                                         stored.~Stored();
                                         std::move(taken)();
                                       },
                                       [](void* place) noexcept { static_cast<Stored*>(place)->~Stored(); }};
  template <class Stored>
  static constexpr Ops ops_behind_pointer = {[](void* place) {
                                               using Pointer = std::unique_ptr<Stored>;
                                               Pointer& stored = *static_cast<Pointer*>(place);
                                               const Pointer taken(std::move(stored));
                                               stored.~Pointer();
                                               std::move (*taken)();
                                             },
                                             [](void* place) noexcept {
                                               using Pointer = std::unique_ptr<Stored>;
                                               static_cast<Pointer*>(place)->~Pointer();
                                             }};

  alignas(std::max_align_t) std::byte place_[4 * sizeof(void*)];
  const Ops* ops_ = nullptr;
};

}  // namespace polyrpc
