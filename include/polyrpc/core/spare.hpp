#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace polyrpc {

/// Keeps one object for each thread, for whoever needs one next. So that what a connection needs only while a message
/// is under way is not there while it is at rest, and costs no allocation when it is.
template <class T>
class Spare {
 public:
  /// The thread's, as it was left; null if there is none.
  static std::unique_ptr<T> take() noexcept { return std::move(place()); }
  static void keep(std::unique_ptr<T> object) noexcept { place() = std::move(object); }

 private:
  static std::unique_ptr<T>& place() noexcept {
    static thread_local std::unique_ptr<T> spare;
    return spare;
  }
};

/// For objects that come and go one at a time: each thread keeps the memory of one.
template <class T>
class ReusesMemory {
 public:
  static void* operator new(std::size_t size) {
    if (size == sizeof(T))
      if (void* const memory = std::exchange(kept().memory, nullptr); memory != nullptr) return memory;
    return ::operator new(size);
  }
  static void operator delete(void* memory, std::size_t size) noexcept {
    if (size == sizeof(T) && kept().memory == nullptr && !kept().over)
      kept().memory = memory;
    else
      ::operator delete(memory);
  }

 private:
  struct Kept {
    void* memory = nullptr;
    bool over = false;
    ~Kept() {
      over = true;
      ::operator delete(std::exchange(memory, nullptr));
    }
  };
  static Kept& kept() noexcept {
    static thread_local Kept kept;
    return kept;
  }
};

}  // namespace polyrpc
