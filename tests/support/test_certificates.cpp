#include <support/test_certificates.hpp>

#include <cstdio>
#include <functional>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace weir::testing {
namespace {

constexpr long kDay = 24 * 60 * 60;  // seconds

void write(const std::filesystem::path& file, const std::function<int(FILE*)>& content) {
  const std::unique_ptr<FILE, int (*)(FILE*)> out(std::fopen(file.c_str(), "w"), std::fclose);
  if (!out || content(out.get()) != 1) throw std::runtime_error("cannot write " + file.string());
}

X509* certificate_of(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  static long serial = 0;
  X509* made = X509_new();
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(made), kDay);
  X509_set_pubkey(made, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made, X509_get_subject_name(issuer == nullptr ? made : issuer));
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer == nullptr ? made : issuer, made, nullptr, nullptr, 0);
  X509_EXTENSION* basic = X509V3_EXT_conf_nid(nullptr, &context, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  X509_add_ext(made, basic, -1);
  X509_EXTENSION_free(basic);
  if (X509_sign(made, issuer_key, EVP_sha256()) == 0) throw std::runtime_error("cannot sign " + name);
  return made;
}

}  // namespace

TestAuthority::TestAuthority(std::filesystem::path directory, const std::string& name)
    : directory_(std::move(directory)), file_(directory_ / (name + "-ca.pem")), key_(EVP_EC_gen("P-256")), certificate_(certificate_of(name, key_, nullptr, key_)) {
  write(file_, [this](FILE* out) { return PEM_write_X509(out, certificate_); });
}

TestAuthority::~TestAuthority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

CertificateFiles TestAuthority::sign(const std::string& name) const {
  CertificateFiles files{directory_ / (name + ".pem"), directory_ / (name + "-key.pem")};
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> made(certificate_of(name, key.get(), certificate_, key_), X509_free);
  write(files.certificate, [&](FILE* out) { return PEM_write_X509(out, made.get()); });
  write(files.key, [&](FILE* out) { return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  return files;
}

}  // namespace weir::testing
