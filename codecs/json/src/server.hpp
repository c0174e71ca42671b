#pragma once

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/core/spare.hpp"

#include "scanner.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc::json {

/// What all connections under the same limits share.
struct RpcSettings {
  Options options;
  CodecLimits asked_limits;
  CodecLimits limits;  ///< that follow from them

  /// The same object for the same request, as long as nobody on this thread asks for another.
  static std::shared_ptr<const RpcSettings> get(const Options& options, const CodecLimits& limits);
};

/// The server's end of a JSON-RPC connection.
class RpcServer final : public ServerCodec, public ReusesMemory<RpcServer> {
 public:
  explicit RpcServer(std::shared_ptr<const RpcSettings> settings) noexcept : settings_(std::move(settings)) {}

  Capabilities capabilities() const noexcept override;
  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override;
  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) override;
  void write_farewell(const Status& reason, ByteQueue& output) override;

 private:
  class Body final : public EncodedMessage {
   public:
    Status decode(MessageSlot into) const override;

    RpcServer* codec = nullptr;
    Version version = Version::v1;
    std::string_view params;
  };

  /// What a request object turned out to be.
  enum class Meaning : std::uint8_t { call, notification, cancel, invalid, broken };
  struct Request {
    Meaning meaning = Meaning::call;
    std::string_view method;  // as written, with quotes; empty: none
    std::string_view params;  // empty: none
    std::string_view id;      // to answer with
    std::string_view extension;
    std::string_view problem;  // of an invalid one
  };

  struct Element {
    Envelope envelope;
    char first;
  };
  /// A batch of which not all replies are there.
  struct Batch {
    std::uint32_t serial = 0;
    std::vector<std::string> waiting;  // ids
    ByteQueue replies;
  };
  enum class Step : std::uint8_t { start, single, first_element, element, in_element, after_element };

  /// What is needed only while there is input.
  struct Work {
    Scanner scanner{Scanner::deepest};
    Scratch scratch;
    Body body;
    std::vector<Element> elements;  // of the batch being read or cut
    std::size_t next_element = 0;
    std::size_t element_from = 0;
    std::size_t element_count = 0;
  };

  void begin_work();
  void rest() noexcept;
  Result<bool> cut(ByteQueue& input, IncomingRequest& request);
  Result<bool> single_ended(std::string_view text, IncomingRequest& request, bool& delivered);
  Scanner::Outcome scan_batch(std::string_view text);
  void begin_batch(std::string_view text);
  bool next_element(std::string_view text, IncomingRequest& request);

  Request understand_v1(const Envelope& envelope, std::string_view text) const;
  Request understand_v2(char first, const Envelope& envelope, std::string_view text) const;
  bool deliver(const Request& found, Version version, std::uint32_t batch, IncomingRequest& request);
  void refuse(IncomingRequest& request, std::uint64_t tag, std::string_view id, Status why);
  bool deliver_cancel(const Request& found, Version version, IncomingRequest& request);

  /// The replies that wait for others of their batches.
  std::size_t waiting_bytes() const noexcept;

  bool may_tell() const noexcept;
  Status give_up(Status why);

  const std::shared_ptr<const RpcSettings> settings_;
  std::unique_ptr<Work> work_;  // null: nothing has come since what was cut last
  std::size_t consumed_ = 0;    // bytes of what was cut last, still in the input
  Status failure_;              // once set, nothing more is read
  std::vector<Batch> batches_;
  std::uint32_t batch_serial_ = 0;
  Step step_ = Step::start;
  bool spoke_v2_ = false;
  bool peer_extends_ = false;  // the peer has used the extension member, so it knows it
  bool announced_ = false;     // and has seen ours
};

}  // namespace polyrpc::json
