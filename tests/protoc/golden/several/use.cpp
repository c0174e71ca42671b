#include "in.polyrpc_async.hpp"

class All : public shop::Catalogue::Service, public shop::Later::Service, public shop::Orders::Service {};

void serve(polyrpc::Registry& registry, All& all);
void serve(polyrpc::Registry& registry, All& all) {
  add(registry, static_cast<shop::Catalogue::Service&>(all));
  add(registry, static_cast<shop::Later::Service&>(all));
  add(registry, static_cast<shop::Orders::Service&>(all));
}
