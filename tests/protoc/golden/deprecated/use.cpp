#include "in.polyrpc_async.hpp"

// Serving what is deprecated makes no warnings; calling it does.
class Mixed : public past::Mixed::Service {
 public:
  polyrpc::Status Now(polyrpc::Context&, const past::Fresh&, past::Fresh&) override { return {}; }
};
class Gone : public past::Gone::Service {};

void serve(polyrpc::Registry& registry, Mixed& mixed, Gone& gone);
void serve(polyrpc::Registry& registry, Mixed& mixed, Gone& gone) {
  add(registry, mixed);
  add(registry, gone);
}

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
void call(polyrpc::Client& client);
void call(polyrpc::Client& client) {
  past::Mixed::Stub mixed(client);
  past::Gone::Stub gone(client);
  (void)mixed.Now(past::Fresh());
  (void)mixed.Then(past::Old());
  (void)gone.Get(past::Fresh());
}
