#pragma once

#include "polyrpc/runtime/http.hpp"

#include <string>

namespace polyrpc {

class ServerCore;

namespace services {

/// A page that shows what a server serves: services and methods by name, with the types of arguments and replies, how
/// often each was called, how often it failed and how long it took. HTML for people; with `?format=json` or
/// `Accept: application/json` JSON for programs. Whoever can reach it learns the names of methods and fields.
http::Handler debug_page();

/// The page's two forms.
std::string debug_page_html(const ServerCore& server);
std::string debug_page_json(const ServerCore& server);

}  // namespace services
}  // namespace polyrpc
