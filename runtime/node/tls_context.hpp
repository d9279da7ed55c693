// What a server needs to speak TLS: its certificate and key, and whose certificates it takes from clients. Read once, at start.
// A resource; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include <weir/base/result.hpp>

struct ssl_ctx_st;

namespace weir {

struct TlsContextOptions {
  std::filesystem::path certificate;  // PEM, with the chain behind it
  std::filesystem::path key;
  std::filesystem::path ca;           // of clients' certificates; empty: they are not asked for one
  /// Who shows no certificate may be let in, and then needs a token. A wrong one is refused in any case.
  enum class Clients : std::uint8_t { WithCertificate, Any } clients = Clients::Any;
};

class TlsContext {
 public:
  /// Fails, naming the file, when one is missing or is not what it should be. TLS 1.2 at least.
  static Result<std::unique_ptr<TlsContext>> open(const TlsContextOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* get() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}

  ssl_ctx_st* context_;
};

}  // namespace weir
