#include "in.polyrpc_async.hpp"

static_assert(names::Clashes::methods::class__.name == "names.Clashes.class");
static_assert(names::Clashes::methods::class_.name == "names.Clashes.class_");
static_assert(names::Service_::full_name == "names.Service");
static_assert(names::namespace_::full_name == "names.namespace");

class Clashes : public names::Clashes::Service {};
class Service : public names::Service_::Service {};
class Namespace : public names::namespace_::CoService {};

void serve(polyrpc::Registry& registry, Clashes& clashes, Service& service, Namespace& other);
void serve(polyrpc::Registry& registry, Clashes& clashes, Service& service, Namespace& other) {
  add_(registry, clashes);
  add_(registry, service);
  add_(registry, other);
}

void call(polyrpc::Client& client);
void call(polyrpc::Client& client) {
  names::Clashes::Stub stub(client);
  const names::class_ request;
  polyrpc::Result<names::class_> reply = stub.go_Get_(request);
  reply = stub.go_Get(request).wait();
  reply = stub.async_Get_(request);
  reply = stub.request(request);
  reply = stub.std(request);
  reply = stub.polyrpc(request);
}
