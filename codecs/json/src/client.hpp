#pragma once

#include "polyrpc/codecs/json.hpp"

#include "scanner.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace polyrpc::json {

/// The client's end of a JSON-RPC connection.
class RpcClient final : public ClientCodec {
 public:
  RpcClient(const Options& options, const CodecLimits& limits);

  Capabilities capabilities() const noexcept override;
  Status write_request(const RequestHead& head, MessageRef body, ByteQueue& output) override;
  void write_cancel(std::uint64_t call, ByteQueue& output) override;
  Result<bool> next_reply(ByteQueue& input, IncomingReply& reply) override;

 private:
  class Body final : public EncodedMessage {
   public:
    Status decode(MessageSlot into) const override;

    RpcClient* codec = nullptr;
    std::string_view result;
  };

  bool is_v2() const noexcept { return options_.version == Version::v2; }
  /// True: `reply` is filled in. False: this was no reply to hand out.
  Result<bool> understand(std::string_view text, IncomingReply& reply);
  Status give_up(Status why);

  Options options_;
  CodecLimits limits_;
  Scanner scanner_;
  Scratch scratch_;
  Body body_;
  bool scanning_ = false;
  bool peer_is_ours_ = false;  // it has used the extension member
  std::size_t consumed_ = 0;   // bytes of what was cut last, still in the input
  Status failure_;             // once set, nothing more is read
};

}  // namespace polyrpc::json
