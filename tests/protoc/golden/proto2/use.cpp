#include "in.polyrpc_async.hpp"

class Impl : public old::school::Search::Service {
 public:
  polyrpc::Status Find(polyrpc::Context&, const old::school::Query& request, old::school::Hit& reply) override {
    if (request.GetExtension(old::school::strict)) reply.set_url(request.text());
    return {};
  }
};

void serve(polyrpc::Registry& registry, Impl& service);
void serve(polyrpc::Registry& registry, Impl& service) { add(registry, service); }
