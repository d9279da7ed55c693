#include <weir/node/tls_context.hpp>

#include <array>
#include <string>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace weir {
namespace {

/// The oldest error of this thread, which is the cause; forgets the others.
std::string reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "it cannot be read" : text;
}

Error cannot_use(const std::string& what, const std::filesystem::path& file) {
  return Error{"cannot use the " + what + " in " + file.string() + ": " + reason()};
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::open(const TlsContextOptions& options) {
  ERR_clear_error();
  std::unique_ptr<TlsContext> context(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* ssl = context->get();
  if (ssl == nullptr) return Error{"cannot set up TLS: " + reason()};
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  constexpr std::array<unsigned char, 4> kSessions{'w', 'e', 'i', 'r'};
  SSL_CTX_set_session_id_context(ssl, kSessions.data(), kSessions.size());

  if (SSL_CTX_use_certificate_chain_file(ssl, options.certificate.c_str()) != 1) return cannot_use("certificate", options.certificate);
  if (SSL_CTX_use_PrivateKey_file(ssl, options.key.c_str(), SSL_FILETYPE_PEM) != 1) return cannot_use("key", options.key);
  if (SSL_CTX_check_private_key(ssl) != 1) return cannot_use("key", options.key);
  if (options.ca.empty()) return context;
  if (SSL_CTX_load_verify_locations(ssl, options.ca.c_str(), nullptr) != 1) return cannot_use("authority's certificate", options.ca);
  const bool required = options.clients == TlsContextOptions::Clients::WithCertificate;
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace weir
