#pragma once

#include "polyrpc/runtime/protocol.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace polyrpc {

/// Owns the connections of one loop, linked by themselves: an idle one costs no node of a container.
class ServedList {
 public:
  ServedList() = default;
  ServedList(const ServedList&) = delete;
  ServedList& operator=(const ServedList&) = delete;
  ~ServedList() { take_all(); }

  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }

  void add(std::shared_ptr<ServedConnection> connection) noexcept {
    if (first_ != nullptr) first_->previous_ = connection.get();
    connection->next_ = std::move(first_);
    first_ = std::move(connection);
    ++size_;
  }

  /// Null if it isn't here.
  std::shared_ptr<ServedConnection> take(ServedConnection& connection) noexcept {
    if (first_ == nullptr || (connection.previous_ == nullptr && first_.get() != &connection)) return nullptr;
    std::shared_ptr<ServedConnection>& place = connection.previous_ != nullptr ? connection.previous_->next_ : first_;
    std::shared_ptr<ServedConnection> taken = std::move(place);
    place = std::move(connection.next_);
    if (place != nullptr) place->previous_ = connection.previous_;
    connection.previous_ = nullptr;
    --size_;
    return taken;
  }

  std::vector<std::shared_ptr<ServedConnection>> all() const {
    std::vector<std::shared_ptr<ServedConnection>> found;
    found.reserve(size_);
    for (auto next = first_; next != nullptr; next = next->next_) found.push_back(next);
    return found;
  }
  /// One by one: a chain of many would otherwise be destroyed by as deep a recursion.
  std::vector<std::shared_ptr<ServedConnection>> take_all() {
    std::vector<std::shared_ptr<ServedConnection>> taken = all();
    for (const auto& connection : taken) take(*connection);
    return taken;
  }

 private:
  std::shared_ptr<ServedConnection> first_;
  std::size_t size_ = 0;
};

}  // namespace polyrpc
