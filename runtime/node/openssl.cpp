#include <weir/node/openssl.hpp>

#include <array>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace weir::openssl {
namespace {

Bio bytes_of(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

int no_password(char*, int, int, void*) { return -1; }

}  // namespace

std::string last_error() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return code == 0 ? "unknown error" : text.data();
}

Certificate read_certificate(const std::string& pem) {
  Certificate certificate(PEM_read_bio_X509(bytes_of(pem).get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return certificate;
}

Key read_key(const std::string& pem) {
  Key key(PEM_read_bio_PrivateKey(bytes_of(pem).get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return key;
}

}  // namespace weir::openssl
