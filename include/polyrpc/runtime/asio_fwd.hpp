#pragma once

/// The few names of asio that light headers mention, so that including them does not compile asio.
namespace asio {

class io_context;
template <typename T, typename Executor>
class awaitable;

}  // namespace asio
