#include "in.polyrpc_async.hpp"

class Impl : public ::Oracle::CoService {};

void serve(polyrpc::Registry& registry, Impl& service);
void serve(polyrpc::Registry& registry, Impl& service) { ::add(registry, service); }
