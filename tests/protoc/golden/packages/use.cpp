#include "in.polyrpc_async.hpp"

using Everywhere = acme::polyrpc::std::v1::Everywhere;

class Impl : public Everywhere::Service {
 public:
  polyrpc::Status Now(polyrpc::Context&, const google::protobuf::Empty&, google::protobuf::Timestamp& reply) override {
    reply.set_seconds(1);
    return {};
  }
};

void serve(polyrpc::Registry& registry, Impl& service);
void serve(polyrpc::Registry& registry, Impl& service) { add(registry, service); }
