#include "polyrpc/core/result.hpp"

#include <string>

polyrpc::Result<int> allowed() { return 1; }

#ifdef RESULT_OF_STATUS
polyrpc::Result<polyrpc::Status> refused() { return polyrpc::Status(); }
#endif
#ifdef RESULT_OF_REFERENCE
polyrpc::Result<int&> refused();
void use() { (void)refused(); }
#endif
#ifdef RESULT_OF_NOTHING
polyrpc::Result<void> refused();
void use() { (void)refused(); }
#endif
#ifdef RESULT_OF_OTHER
polyrpc::Result<int> refused() { return std::string("x"); }
#endif
