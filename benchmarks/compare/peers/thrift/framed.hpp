#pragma once

#include <cstdint>
#include <memory>
#include <thrift/transport/TBufferTransports.h>

namespace bench {

/// Thrift's framed transport, on a connection that lives for more than 100 MB: Thrift 0.17 takes the largest size of a
/// message (TConfiguration) for that of all a framed transport's messages together, and then closes the connection.
class Framed final : public apache::thrift::transport::TFramedTransport {
 public:
  using TFramedTransport::TFramedTransport;

  std::uint32_t readEnd() override {
    resetConsumedMessageSize();
    return TFramedTransport::readEnd();
  }
};

class FramedFactory final : public apache::thrift::transport::TTransportFactory {
 public:
  std::shared_ptr<apache::thrift::transport::TTransport> getTransport(
      std::shared_ptr<apache::thrift::transport::TTransport> transport) override {
    return std::make_shared<Framed>(std::move(transport));
  }
};

}  // namespace bench
