#include "http1_site.hpp"

#include "http1_metadata.hpp"
#include "http1_response.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace polyrpc::http1 {

namespace {

Decision refuse(int status, std::string_view why, std::string lines = {}) {
  Decision decision;
  decision.status = status;
  decision.body = std::to_string(status) + ' ' + std::string(why) + '\n';
  decision.lines = std::move(lines);
  decision.content_type = "text/plain; charset=utf-8";
  return decision;
}

void check_path(const std::string& path) {
  if (!path.starts_with('/') || !is_target(path) || path.find('?') != std::string::npos)
    throw std::invalid_argument("http: \"" + path + "\" is not a path that can be served");
}

std::string_view without_parameters(std::string_view value) noexcept {
  return trimmed(value.substr(0, value.find(';')));
}

/// Whether a content type says anything but UTF-8.
bool has_other_charset(std::string_view type) noexcept {
  while (type.find(';') != std::string_view::npos) {
    type.remove_prefix(type.find(';') + 1);
    std::string_view parameter = without_parameters(type);
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || !equal_ignoring_case(trimmed(parameter.substr(0, equals)), "charset"))
      continue;
    parameter = trimmed(parameter.substr(equals + 1));
    if (parameter.size() >= 2 && parameter.starts_with('"') && parameter.ends_with('"'))
      parameter = parameter.substr(1, parameter.size() - 2);
    if (!equal_ignoring_case(parameter, "utf-8") && !equal_ignoring_case(parameter, "us-ascii")) return true;
  }
  return false;
}

}  // namespace

Site::Site(Options options) : options_(std::move(options)), connect_(std::move(options_.connect)) {
  if (options_.net_rpc != nullptr) {
    check_path(options_.connect_path);
    connect_path_ = options_.connect_path;
    net_rpc_ = codec_protocol(options_.net_rpc);
  }
  for (const std::string& path : options_.json_rpc_paths) check_path(path);
  for (const auto& [path, handler] : options_.mounts) {
    check_path(path);
    if (!handler) throw std::invalid_argument("http: no handler for " + path);
  }
  mounts_ = std::move(options_.mounts);
  std::reverse(mounts_.begin(), mounts_.end());
  std::stable_sort(mounts_.begin(), mounts_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

const Handler* Site::find_page(std::string_view path) const noexcept {
  for (const auto& [mounted, handler] : mounts_)
    if (path == mounted || (mounted.ends_with('/') && path.starts_with(mounted))) return &handler;
  return nullptr;
}

bool Site::is_call_path(std::string_view path) const noexcept {
  if (options_.json_rpc == nullptr) return false;
  return std::find(options_.json_rpc_paths.begin(), options_.json_rpc_paths.end(), path) !=
         options_.json_rpc_paths.end();
}

Decision Site::decide(const HttpRequestHead& head, const Registry& registry) const {
  Decision decision;
  if (!connect_path_.empty() && head.path == connect_path_) {
    // Go's words (net/rpc, Server.ServeHTTP).
    if (!head.is_connect) return refuse(405, "must CONNECT", "Allow: CONNECT\r\n");
    decision.kind = Decision::Kind::connect;
    return decision;
  }
  if (head.is_connect) return refuse(404, "page not found");
  if (head.path == "*") {
    decision.status = 204;
    decision.lines = "Allow: GET, HEAD, POST, CONNECT, OPTIONS\r\n";
    return decision;
  }
  const bool is_call = is_call_path(head.path);
  if (is_call && head.method == "POST") return decide_call(head);
  if (const Handler* handler = find_page(head.path); handler != nullptr) {
    decision.kind = Decision::Kind::page;
    decision.handler = handler;
    return decision;
  }
  if (is_call) return refuse(405, "JSON-RPC is sent by POST", "Allow: POST\r\n");
  if (connect::Route route = connect_.route(head.method, head.path, head.fields, registry);
      route.kind == connect::Route::Kind::call) {
    decision.kind = Decision::Kind::connect_call;
    decision.route = std::move(route);
    return decision;
  } else if (route.kind == connect::Route::Kind::refusal) {
    decision.status = route.answer.status;
    decision.body = std::move(route.body);
    decision.lines = lines_of(route.answer.fields);
    decision.content_type = std::move(route.answer.content_type);
    return decision;
  }
  return refuse(404, "page not found");
}

Decision Site::decide_call(const HttpRequestHead& head) const {
  constexpr std::array<std::string_view, 4> json_types = {"application/json", "application/json-rpc",
                                                          "application/jsonrequest", "text/json"};
  // What programs say that leave it to a default: curl -d, simple scripts.
  constexpr std::array<std::string_view, 3> careless_types = {"application/x-www-form-urlencoded", "text/plain",
                                                              "application/octet-stream"};
  std::optional<std::string_view> type;
  bool is_from_browser = false;
  for (const auto& [name, value] : head.fields) {
    if (equal_ignoring_case(name, "content-type")) {
      if (type) return refuse(400, "more than one Content-Type");
      type = value;
    } else if (equal_ignoring_case(name, "content-encoding")) {
      if (!equal_ignoring_case(value, "identity"))
        return refuse(415, "the body must not be compressed", "Accept-Encoding: identity\r\n");
    } else if (equal_ignoring_case(name, "origin")) {
      is_from_browser = true;
    }
  }
  const std::string_view kind = without_parameters(type.value_or(std::string_view()));
  const auto is_one_of = [&](const auto& types) {
    return std::any_of(types.begin(), types.end(),
                       [&](std::string_view known) { return equal_ignoring_case(kind, known); });
  };
  const bool is_json = type && is_one_of(json_types);
  const bool is_careless = !is_json && (!type || type->empty() || is_one_of(careless_types));
  // Any web page may have a browser send these types to any address, without asking first; JSON it may not.
  if (is_careless && is_from_browser)
    return refuse(415, "a page in a browser must send Content-Type: application/json", "Accept: application/json\r\n");
  if (!is_json && !is_careless)
    return refuse(415, "the body must be JSON-RPC, with Content-Type: application/json",
                  "Accept: application/json\r\n");
  if (type && has_other_charset(*type)) return refuse(415, "JSON is sent in UTF-8");
  Decision decision;
  decision.kind = Decision::Kind::call;
  return decision;
}

}  // namespace polyrpc::http1
