#pragma once

#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/status.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc {

using Clock = std::chrono::steady_clock;

/// What TLS has settled with a peer, and who the peer's certificate says it is.
struct TlsPeer {
  std::string version;      ///< `TLSv1.3`
  std::string cipher;       ///< `TLS_AES_128_GCM_SHA256`
  std::string alpn;         ///< `h2`; empty if none was chosen
  std::string server_name;  ///< that the client asked for; empty if it named none

  /// Whether the peer showed a certificate and it was found good. What is below is empty if not, but for a client that
  /// was told not to look.
  bool verified = false;
  std::string subject;                 ///< `CN=billing,O=Example` (RFC 2253)
  std::vector<std::string> dns_names;  ///< of the subject alternative names, as are the next three
  std::vector<std::string> uris;       ///< `spiffe://example.org/billing`
  std::vector<std::string> emails;
  std::vector<std::string> ip_addresses;  ///< `10.0.0.1`, `2001:db8::1`
  std::string fingerprint;                ///< SHA-256 of the certificate, 64 lower-case hexadecimal digits
  std::string certificates;               ///< the peer's own and what it sent with it, as PEM
};

/// Who is at the other end of a connection.
struct PeerInfo {
  std::string address;                      ///< `tcp://127.0.0.1:40312`, `unix:///run/app.sock`, `memory://name`
  std::string protocol;                     ///< of the wire: `gob`, `jsonrpc`, `http/1.1`
  std::shared_ptr<const TlsPeer> tls = {};  ///< null where no TLS is spoken
};

/// Says who the peer is, for those who ask: most calls are answered without.
class PeerSource {
 public:
  virtual const PeerInfo& peer() const = 0;

 protected:
  ~PeerSource() = default;
};

/// What surrounds one call, on either side of it: who asks, until when, and what travels beside the messages.
/// Belongs to the call and ends with it. Used by one thread at a time, except `cancelled` and a `stop_token` that was
/// taken before.
class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// `Service.Method`, as registered.
  std::string_view method() const noexcept { return method_; }
  const PeerInfo& peer() const;

  /// The caller's metadata: received on the server's side, to be sent on the client's.
  Metadata& metadata() noexcept { return metadata_; }
  const Metadata& metadata() const noexcept { return metadata_; }
  /// What goes before and behind the reply: to be sent on the server's side, received on the client's.
  Metadata& headers() noexcept { return headers_; }
  const Metadata& headers() const noexcept { return headers_; }
  Metadata& trailers() noexcept { return trailers_; }
  const Metadata& trailers() const noexcept { return trailers_; }

  /// When the caller stops waiting; nothing if it waits for ever.
  std::optional<Clock::time_point> deadline() const noexcept { return deadline_; }
  /// Until the deadline, negative when it has passed; nothing if there is none.
  std::optional<std::chrono::nanoseconds> time_left() const noexcept;
  void set_deadline(std::optional<Clock::time_point> deadline) noexcept { deadline_ = deadline; }

  /// Stopped when the caller cancels, its connection ends, or the deadline passes.
  std::stop_token stop_token() const;
  bool cancelled() const noexcept { return stop_.stop_requested(); }

  /// Leaves something for those who see this call later: an interceptor's finding for the handler.
  /// One object of each type; the last one set counts.
  template <class T>
  void set(T value) {
    set_attachment(type_key<T>(), std::make_shared<T>(std::move(value)));
  }
  /// What was left of type `T`, or null.
  template <class T>
  T* get() const noexcept {
    return static_cast<T*>(attachment(type_key<T>()));
  }

  // For the engine.
  void set_method(std::string_view method) noexcept { method_ = method; }
  void set_peer(const PeerInfo& peer) noexcept { peer_ = &peer; }
  void set_peer(const PeerSource& source) noexcept { peer_source_ = &source; }
  /// Makes the stop state now, so that `request_stop` may come from another thread than `stop_token`.
  void prepare_stop() const;
  /// Does nothing before `prepare_stop` or `stop_token`.
  void request_stop() noexcept { stop_.request_stop(); }

 private:
  template <class T>
  static const void* type_key() noexcept {
    static char key = 0;  // not const: a linker may merge equal constants
    return &key;
  }
  void set_attachment(const void* key, std::shared_ptr<void> value);
  void* attachment(const void* key) const noexcept;

  std::string_view method_;
  const PeerInfo* peer_ = nullptr;
  const PeerSource* peer_source_ = nullptr;  // where there is no `peer_`
  Metadata metadata_;
  Metadata headers_;
  Metadata trailers_;
  std::optional<Clock::time_point> deadline_;
  mutable std::stop_source stop_{std::nostopstate};
  std::vector<std::pair<const void*, std::shared_ptr<void>>> attachments_;
};

}  // namespace polyrpc
