#include "polyrpc/services/debug_page.hpp"

#include "polyrpc/core/shape.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server_core.hpp"

#include "page.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace polyrpc::services {

namespace {

constexpr double quantiles[] = {0.5, 0.9, 0.99};
constexpr std::string_view quantile_names[] = {"p50", "p90", "p99"};

struct Method {
  const MethodEntry* entry;
  MethodStats stats;
};

/// By service, then by method.
std::vector<Method> methods_of(const ServerCore& server) {
  std::unordered_map<std::string, MethodStats> stats;
  for (MethodStats& method : server.stats()) {
    std::string name = method.name;
    stats.emplace(std::move(name), std::move(method));
  }
  std::vector<Method> methods;
  for (const MethodEntry* entry : server.registry().methods()) methods.push_back({entry, stats[entry->name]});
  std::stable_sort(methods.begin(), methods.end(), [](const Method& a, const Method& b) {
    return std::pair(std::string_view(a.entry->service), std::string_view(a.entry->method)) <
           std::pair(std::string_view(b.entry->service), std::string_view(b.entry->method));
  });
  return methods;
}

std::span<const Enumerator> enumerators_of(const Shape& shape) noexcept {
  switch (shape.kind) {
    case Kind::enum_name:
    case Kind::int8:
    case Kind::int16:
    case Kind::int32:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint16:
    case Kind::uint32:
    case Kind::uint64:
      return shape.enumeration != nullptr ? shape.enumeration->enumerators : std::span<const Enumerator>();
    default:
      return {};
  }
}

/// The structs and enums that have names, each once.
class Types {
 public:
  void add(const Shape& shape) {
    if (!seen_.insert(&shape).second) return;
    if (!shape.name.empty() && (shape.kind == Kind::structure || !enumerators_of(shape).empty()))
      list_.push_back(&shape);
    if (shape.key != nullptr) add(*shape.key);
    if (shape.element != nullptr) add(*shape.element);
    if (shape.kind == Kind::structure)
      for_each_field(shape, [this](const Field& field, std::size_t) { add(field.shape()); });
    if (shape.kind == Kind::variant)
      for (const Shape* alternative : shape.variant->alternatives) add(*alternative);
  }

  std::vector<const Shape*> sorted() const {
    std::vector<const Shape*> list = list_;
    std::stable_sort(list.begin(), list.end(), [](const Shape* a, const Shape* b) { return a->name < b->name; });
    return list;
  }

 private:
  std::unordered_set<const Shape*> seen_;
  std::vector<const Shape*> list_;
};

Types types_of(const std::vector<Method>& methods) {
  Types types;
  for (const Method& method : methods) {
    types.add(method.entry->handler->args());
    types.add(method.entry->handler->reply());
  }
  return types;
}

std::string_view road_text(Road road) noexcept {
  switch (road) {
    case Road::plain:
      return "plain";
    case Road::blocking:
      return "blocking";
    case Road::coroutine:
      return "coroutine";
    case Road::stream:
      return "stream";
  }
  return "";
}

/// The upper end of a bucket, as a person reads it.
std::string duration_text(std::chrono::microseconds duration) {
  const std::int64_t micros = duration.count();
  if (micros < 1000) return std::to_string(micros) + " &micro;s";
  if (micros < 1'000'000) return std::to_string((micros + 500) / 1000) + " ms";
  return std::to_string((micros + 500'000) / 1'000'000) + " s";
}

constexpr std::string_view page_start =
    R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Services</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; }
h1 { font-size: 1.6em; }
h2 { font-size: 1.15em; margin: 2em 0 .5em; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .3em .8em; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th { font-weight: 600; color: #666; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
code { font: .93em ui-monospace, monospace; }
.bad { color: #b00020; font-weight: 600; }
.note { color: #666; }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd; }
  th, td { border-color: #3a3a3a; }
  th, .note { color: #999; }
  .bad { color: #ff7a85; }
}
</style>
</head>
<body>
<h1>Services</h1>
)";

void write_row(std::string& html, const Method& method) {
  const MethodEntry& entry = *method.entry;
  const MethodStats& stats = method.stats;
  // A signature as Go writes it, which is what people know from there.
  html += "<tr><td><code>" + html_text(entry.method) + "(" + html_text(type_text(entry.handler->args())) + ", *" +
          html_text(type_text(entry.handler->reply())) + ") error</code>";
  if (entry.handler->road() != Road::plain)
    html.append(" <span class=\"note\">").append(road_text(entry.handler->road())).append("</span>");
  html += "</td><td>" + std::to_string(stats.calls) + "</td><td" + (stats.errors != 0 ? " class=\"bad\">" : ">") +
          std::to_string(stats.errors) + "</td>";
  for (const double share : quantiles)
    html += "<td>" + (stats.timed != 0 ? duration_text(stats.quantile(share)) : std::string("&ndash;")) + "</td>";
  html += "</tr>\n";
}

void write_type(std::string& html, const Shape& shape) {
  if (shape.kind == Kind::structure) {
    html += "<tr><td><code>" + html_text(shape.name) + "</code></td><td style=\"text-align:left\"><code>";
    bool first = true;
    for_each_field(shape, [&](const Field& field, std::size_t) {
      if (!std::exchange(first, false)) html += "<br>";
      html += html_text(field.name) + " " + html_text(type_text(field.shape()));
    });
  } else {
    html += "<tr><td><code>" + html_text(shape.name) + "</code></td><td style=\"text-align:left\"><code>";
    bool first = true;
    for (const Enumerator& enumerator : enumerators_of(shape)) {
      if (!std::exchange(first, false)) html += "<br>";
      html += html_text(enumerator.name) + " = " + std::to_string(enumerator.value);
    }
  }
  html += "</code></td></tr>\n";
}

}  // namespace

std::string debug_page_html(const ServerCore& server) {
  const std::vector<Method> methods = methods_of(server);
  std::string html(page_start);
  if (server.draining()) html += "<p class=\"bad\">The server is shutting down.</p>\n";
  if (methods.empty()) html += "<p>No methods are registered.</p>\n";
  for (std::size_t i = 0; i < methods.size(); ++i) {
    const std::string& service = methods[i].entry->service;
    if (i == 0 || service != methods[i - 1].entry->service)
      html += "<h2>Service " + html_text(service) +
              "</h2>\n<table>\n<tr><th>Method</th><th>Calls</th><th>Errors</th><th>p50</th><th>p90</th><th>p99</th>"
              "</tr>\n";
    write_row(html, methods[i]);
    if (i + 1 == methods.size() || service != methods[i + 1].entry->service) html += "</table>\n";
  }
  const std::vector<const Shape*> types = types_of(methods).sorted();
  if (!types.empty()) {
    html += "<h2>Types</h2>\n<table>\n<tr><th>Name</th><th style=\"text-align:left\">Fields</th></tr>\n";
    for (const Shape* type : types) write_type(html, *type);
    html += "</table>\n";
  }
  html +=
      "<p class=\"note\">Times are upper bounds that double from one to the next; of plain handlers every 16th call is "
      "timed. <a href=\"?format=json\">JSON</a></p>\n</body>\n</html>\n";
  return html;
}

std::string debug_page_json(const ServerCore& server) {
  const std::vector<Method> methods = methods_of(server);
  std::string json = "{\"draining\":";
  json += server.draining() ? "true" : "false";
  json += ",\"services\":[";
  for (std::size_t i = 0; i < methods.size(); ++i) {
    const MethodEntry& entry = *methods[i].entry;
    const MethodStats& stats = methods[i].stats;
    if (i == 0 || entry.service != methods[i - 1].entry->service) {
      if (i != 0) json += "]},";
      json += "{\"name\":" + json_text(entry.service) + ",\"methods\":[";
    } else {
      json += ',';
    }
    json += "{\"name\":" + json_text(entry.name) + ",\"method\":" + json_text(entry.method) +
            ",\"args\":" + json_text(type_text(entry.handler->args())) +
            ",\"reply\":" + json_text(type_text(entry.handler->reply())) +
            ",\"road\":" + json_text(road_text(entry.handler->road())) + ",\"calls\":" + std::to_string(stats.calls) +
            ",\"errors\":" + std::to_string(stats.errors) + ",\"timed\":" + std::to_string(stats.timed) +
            ",\"latency_us\":{";
    for (std::size_t q = 0; q < std::size(quantiles); ++q) {
      if (q != 0) json += ',';
      json += json_text(quantile_names[q]);
      json += ':';
      json += std::to_string(stats.quantile(quantiles[q]).count());
    }
    json += "}}";
  }
  json += methods.empty() ? "],\"types\":[" : "]}],\"types\":[";
  bool first_type = true;
  for (const Shape* type : types_of(methods).sorted()) {
    if (!std::exchange(first_type, false)) json += ',';
    json += "{\"name\":" + json_text(type->name);
    bool first = true;
    if (type->kind == Kind::structure) {
      json += ",\"fields\":[";
      for_each_field(*type, [&](const Field& field, std::size_t) {
        json += std::exchange(first, false) ? "" : ",";
        json += "{\"name\":" + json_text(field.name) + ",\"type\":" + json_text(type_text(field.shape())) + "}";
      });
    } else {
      json += ",\"enumerators\":[";
      for (const Enumerator& enumerator : enumerators_of(*type)) {
        json += std::exchange(first, false) ? "" : ",";
        json += "{\"name\":" + json_text(enumerator.name) + ",\"value\":" + std::to_string(enumerator.value) + "}";
      }
    }
    json += "]}";
  }
  return json + "]}\n";
}

http::Handler debug_page() {
  return [](const http::Request& request) {
    if (auto refusal = refuse_method(request)) return *std::move(refusal);
    if (wants_json(request)) return page(200, "application/json", debug_page_json(*request.server));
    return page(200, "text/html; charset=utf-8", debug_page_html(*request.server));
  };
}

}  // namespace polyrpc::services
