#pragma once

#include "polyrpc/core/limits.hpp"

#include "plan.hpp"
#include "wire_types.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace polyrpc::gob::detail {

/// What a stream's definitions so far amount to: the types and the plans made from them. Peers that run the same
/// program send the same definitions in the same order, so streams share dictionaries: each is reached from the empty
/// one by the definitions in turn, and lives while a stream stands on it or behind it. A stream with very many
/// definitions goes on with a dictionary of its own. Safe to use from several threads.
class Dictionary {
 public:
  /// The empty one, from which others are reached.
  explicit Dictionary(const CodecLimits& limits) : types_(limits), plans_(types_) {}
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;
  ~Dictionary();

  const WireTypes& types() const noexcept { return types_; }
  /// No other one ever has it.
  std::uint64_t serial() const noexcept { return serial_; }

  /// See `Plans::root`; the plan lives as long as the dictionary.
  const Plan* plan(std::int32_t wire, const Shape& shape, Status& why);

  /// Reads a descriptor and moves `dictionary` on to the one that has it too, under `id`. False, with `reader.error`,
  /// when it can't be had.
  static bool define(std::shared_ptr<Dictionary>& dictionary, Reader& reader, std::int64_t id);

 private:
  /// A plan that has been made, for those who look without a lock.
  struct Made {
    const Shape* shape;
    std::int32_t wire;
    const Plan* plan;
    const Made* next;
  };
  static constexpr std::size_t lists = 8;

  static std::uint64_t next_serial() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  /// `parent`'s types and one more.
  Dictionary(std::shared_ptr<Dictionary> parent, std::string step, const Descriptor& descriptor);
  /// A copy that belongs to one stream.
  explicit Dictionary(const WireTypes& types) : types_(types), own_(true), plans_(types_) {}

  static std::shared_ptr<Dictionary> reach(const std::shared_ptr<Dictionary>& from, const Descriptor& descriptor);

  const std::uint64_t serial_ = next_serial();
  WireTypes types_;  // grows only where one stream owns it
  const std::shared_ptr<Dictionary> parent_;
  const std::string step_;  // the definition by which this one is reached from its parent
  const bool own_ = false;
  std::array<std::atomic<const Made*>, lists> made_{};
  std::mutex mutex_;  // guards what follows, and adding to made_
  Plans plans_;
  std::unordered_map<std::string, std::weak_ptr<Dictionary>> next_;
};

/// One stream's place among the dictionaries, with the plans that it used last.
class DictionaryCursor {
 public:
  explicit DictionaryCursor(std::shared_ptr<Dictionary> start) noexcept : dictionary_(std::move(start)) {}

  const WireTypes& types() const noexcept { return dictionary_->types(); }

  /// Takes out and puts in the place. What was used last stays, for whoever comes to the same place next.
  std::shared_ptr<Dictionary> leave() noexcept {
    serial_ = dictionary_->serial();
    return std::move(dictionary_);
  }
  void resume(std::shared_ptr<Dictionary> at) noexcept {
    dictionary_ = std::move(at);
    if (dictionary_->serial() == serial_) return;
    recent_ = {};
    whole_ = {-1, -1};
  }

  bool define(Reader& reader, std::int64_t id) {
    const Dictionary* before = dictionary_.get();
    const bool good = Dictionary::define(dictionary_, reader, id);
    if (dictionary_.get() != before) recent_ = {};
    return good;
  }

  /// See `WireTypes::may_split`.
  WireTypes::Split may_split(std::int32_t wire) {
    for (const std::int32_t each : whole_)
      if (each == wire) return WireTypes::Split::no;
    const WireTypes::Split found = types().may_split(wire);
    if (found == WireTypes::Split::no) whole_ = {wire, whole_[0]};
    return found;
  }

  const Plan* plan(std::int32_t wire, const Shape& shape, Status& why) {
    for (const Recent& recent : recent_)
      if (recent.shape == &shape && recent.wire == wire) return recent.plan;
    const Plan* found = dictionary_->plan(wire, shape, why);
    if (found != nullptr) recent_ = {{{&shape, found, wire}, recent_[0]}};
    return found;
  }

 private:
  struct Recent {
    const Shape* shape = nullptr;
    const Plan* plan = nullptr;
    std::int32_t wire = 0;
  };

  std::shared_ptr<Dictionary> dictionary_;  // null while its stream is at rest
  std::array<Recent, 2> recent_{};
  std::uint64_t serial_ = 0;                   // of the place left last
  std::array<std::int32_t, 2> whole_{-1, -1};  // types whose values never run over several messages
};

}  // namespace polyrpc::gob::detail
