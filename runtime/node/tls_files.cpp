#include <weir/node/tls_files.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include <openssl/x509_vfy.h>

#include <weir/base/time.hpp>
#include <weir/node/openssl.hpp>

namespace weir {
namespace {

using openssl::Certificate;

constexpr std::uintmax_t kMostBytes = 1 << 20;  // of a PEM file
constexpr std::size_t kLeastToken = 16;         // characters

Result<std::string> content(const std::filesystem::path& file, const std::string& what) {
  const auto failed = [&](const std::string& why) { return Error{"cannot read the " + what + " " + file.string() + ": " + why}; };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) return failed(error && error != std::errc::no_such_file_or_directory ? error.message() : "it does not exist");
  if (!std::filesystem::is_regular_file(status)) return failed("it is not a file");
  if (std::filesystem::file_size(file, error) > kMostBytes) return failed("it has more than 1 MiB");
  std::ifstream in(file, std::ios::binary);
  if (!in) return failed(std::strerror(errno));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string text_of(std::chrono::system_clock::time_point time) {
  return to_text(EventTime{std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count()});
}

Result<void> check_time(const Certificate& certificate, const std::filesystem::path& file, const std::string& what) {
  const auto begins = time_of(X509_get0_notBefore(certificate.get()));
  const auto ends = time_of(X509_get0_notAfter(certificate.get()));
  const auto now = std::chrono::system_clock::now();
  if (now >= ends) return Error{"the " + what + " " + file.string() + " expired at " + text_of(ends)};
  if (now < begins) return Error{"the " + what + " " + file.string() + " is not valid before " + text_of(begins) + "; is this machine's clock right?"};
  return {};
}

/// What OpenSSL has against a certificate of this authority; nothing when it is fine.
std::string refusal(const Certificate& certificate, const Certificate& ca) {
  const openssl::Store store(X509_STORE_new());
  const openssl::StoreContext context(X509_STORE_CTX_new());
  if (!store || !context || X509_STORE_add_cert(store.get(), ca.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr) != 1) {
    return openssl::last_error();
  }
  if (X509_verify_cert(context.get()) == 1) return "";
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

}  // namespace

Result<TlsFiles> read_tls_files(const TlsOptions& options) {
  for (const auto& [name, path] : {std::pair{"certificate", &options.certificate}, std::pair{"key", &options.key}, std::pair{"ca", &options.ca}}) {
    if (path->empty()) return Error{std::string("TLS needs a certificate, its key and the authority's certificate; --tls-") + name + " is missing"};
  }
  auto certificate_text = content(options.certificate, "certificate");
  if (!certificate_text) return certificate_text.error();
  auto key_text = content(options.key, "key");
  if (!key_text) return key_text.error();
  auto ca_text = content(options.ca, "authority's certificate");
  if (!ca_text) return ca_text.error();

  const Certificate certificate = openssl::read_certificate(*certificate_text);
  if (!certificate) return Error{"the certificate " + options.certificate.string() + " holds no certificate in PEM form"};
  const openssl::Key key = openssl::read_key(*key_text);
  if (!key) return Error{"the key " + options.key.string() + " holds no key in PEM form, or one behind a password"};
  const Certificate ca = openssl::read_certificate(*ca_text);
  if (!ca) return Error{"the authority's certificate " + options.ca.string() + " holds no certificate in PEM form"};

  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Error{"the key " + options.key.string() + " is not that of the certificate " + options.certificate.string()};
  }
  if (auto valid = check_time(ca, options.ca, "authority's certificate"); !valid) return valid.error();
  if (auto valid = check_time(certificate, options.certificate, "certificate"); !valid) return valid.error();
  if (const std::string why = refusal(certificate, ca); !why.empty()) {
    return Error{"the certificate " + options.certificate.string() + " is not one of the authority " + options.ca.string() + ": " + why};
  }
  return TlsFiles{std::move(*certificate_text), std::move(*key_text), std::move(*ca_text), time_of(X509_get0_notAfter(certificate.get()))};
}

Result<std::string> read_token(const std::filesystem::path& file) {
  const auto text = content(file, "token file");
  if (!text) return text.error();
  std::string token = text->substr(0, text->find('\n'));
  token.erase(0, token.find_first_not_of(" \t"));
  token.erase(token.find_last_not_of(" \t\r") + 1);
  if (token.size() < kLeastToken) {
    return Error{"the token in " + file.string() + " has " + std::to_string(token.size()) + " characters; at least " +
                 std::to_string(kLeastToken) + " are wanted, as 'openssl rand -hex 16' makes them"};
  }
  if (!std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    return Error{"the token in " + file.string() + " has characters that HTTP does not carry; use letters and digits"};
  }
  return token;
}

}  // namespace weir
