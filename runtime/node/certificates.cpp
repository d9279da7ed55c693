#include <weir/node/certificates.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <weir/base/text.hpp>
#include <weir/base/address.hpp>
#include <weir/node/openssl.hpp>

namespace weir {
namespace {

using openssl::Certificate;
using openssl::Key;

constexpr int kSerialBytes = 16;
constexpr std::size_t kLongestName = 64;  // what a certificate's subject may have
constexpr mode_t kForOwner = 0600;
constexpr mode_t kForAll = 0644;
constexpr auto kClockSkew = std::chrono::minutes(5);  // other machines' clocks may be behind

struct Extension {
  int id;
  std::string value;
};

/// A certificate for a key; signed by `issuer`, or by itself when there is none.
struct Issuer {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

bool add_extensions(X509* certificate, X509* issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return std::all_of(extensions.begin(), extensions.end(), [&](const Extension& each) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, each.id, each.value.c_str());
    const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
  });
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes{};
  if (RAND_bytes(bytes.data(), kSerialBytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, and of full length
  BIGNUM* number = BN_bin2bn(bytes.data(), kSerialBytes, nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

bool set_times(X509* certificate, const Validity& validity) {
  const std::time_t from = std::chrono::system_clock::to_time_t(validity.from - kClockSkew);
  const std::time_t until = std::chrono::system_clock::to_time_t(validity.from) + std::time_t{validity.days} * 24 * 3600;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr && ASN1_TIME_set(X509_getm_notAfter(certificate), until) != nullptr;
}

bool set_name(X509* certificate, const std::string& name) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, bytes, static_cast<int>(name.size()), -1, 0) == 1;
}

Result<Certificate> make_certificate(EVP_PKEY* key, const std::string& name, const Validity& validity, Issuer issuer,
                                     const std::vector<Extension>& extensions) {
  Certificate certificate(X509_new());
  if (issuer.certificate == nullptr) issuer = {certificate.get(), key};
  const bool made = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get()) &&
                    set_times(certificate.get(), validity) && set_name(certificate.get(), name) &&
                    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.certificate)) == 1 &&
                    X509_set_pubkey(certificate.get(), key) == 1 && add_extensions(certificate.get(), issuer.certificate, extensions) &&
                    X509_sign(certificate.get(), issuer.key, EVP_sha256()) > 0;
  if (!made) return Error{"the certificate of " + name + " cannot be made: " + openssl::last_error()};
  return certificate;
}

std::string text_of(const openssl::Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem(const Certificate& certificate) {
  const openssl::Bio out(BIO_new(BIO_s_mem()));
  WEIR_CHECK(PEM_write_bio_X509(out.get(), certificate.get()) == 1, "OpenSSL cannot write a certificate:", openssl::last_error());
  return text_of(out);
}

std::string pem(const Key& key) {
  const openssl::Bio out(BIO_new(BIO_s_mem()));
  WEIR_CHECK(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "OpenSSL cannot write a key:",
             openssl::last_error());
  return text_of(out);
}

/// Writes a file that must not be there yet.
Result<void> write_new(const std::filesystem::path& file, const std::string& text, mode_t mode) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0 && errno == EEXIST) return Error{file.string() + " exists already; it is not overwritten"};
  if (descriptor < 0) return Error{"cannot write " + file.string() + ": " + std::strerror(errno)};
  const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  if (!written) return Error{"cannot write " + file.string() + ": " + std::strerror(error)};
  return {};
}

Result<void> require_new(const std::filesystem::path& directory, const std::vector<std::filesystem::path>& files) {
  std::error_code error;
  for (const auto& file : files) {
    if (std::filesystem::exists(std::filesystem::symlink_status(file, error))) return Error{file.string() + " exists already; it is not overwritten"};
  }
  std::filesystem::create_directories(directory, error);
  if (error) return Error{"cannot make the directory " + directory.string() + ": " + error.message()};
  return {};
}

Result<std::string> read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{"cannot read " + file.string() + ": " + std::strerror(errno) + "; 'weir cert ca' makes an authority"};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

bool is_file_name(const std::string& name) {
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= kLongestName && name.front() != '.' && name != "ca" && std::all_of(name.begin(), name.end(), fits);
}

/// The hosts as a certificate has them: "DNS:node-a,IP:10.0.0.1".
std::string alternative_names(const std::vector<std::string>& hosts) {
  std::set<std::string> names;
  for (const std::string& host : hosts) names.insert((is_ip_address(host) ? "IP:" : "DNS:") + host);
  return joined({names.begin(), names.end()}, ",");
}

}  // namespace

Result<std::vector<std::filesystem::path>> make_authority(const AuthorityOptions& options) {
  const auto certificate_file = options.directory / "ca.pem";
  const auto key_file = options.directory / "ca.key";
  if (auto fresh = require_new(options.directory, {certificate_file, key_file}); !fresh) return fresh.error();
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return Error{"the authority's key cannot be made: " + openssl::last_error()};
  const auto certificate = make_certificate(key.get(), "Weir cluster authority", options.validity, {},
                                            {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                             {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                             {NID_subject_key_identifier, "hash"}});
  if (!certificate) return certificate.error();
  if (auto written = write_new(key_file, pem(key), kForOwner); !written) return written.error();
  if (auto written = write_new(certificate_file, pem(*certificate), kForAll); !written) return written.error();
  return std::vector{certificate_file, key_file};
}

Result<std::vector<std::filesystem::path>> make_node_certificate(const NodeCertificateOptions& options) {
  if (!is_file_name(options.name)) {
    return Error{"'" + options.name + "' cannot be a node's name: it has letters, digits, '-', '_' and '.', at most 64, and is not 'ca'"};
  }
  std::vector<std::string> hosts = options.hosts;
  for (const std::string& host : hosts) {
    if (!is_host(host)) return Error{"'" + host + "' is no host; give names and IP addresses, without ports or brackets"};
  }
  if (hosts.empty() && is_host(options.name)) hosts.push_back(options.name);
  hosts.insert(hosts.end(), {"localhost", "127.0.0.1", "::1"});

  const auto ca_text = read(options.authority / "ca.pem");
  if (!ca_text) return ca_text.error();
  const auto ca_key_text = read(options.authority / "ca.key");
  if (!ca_key_text) return ca_key_text.error();
  const Certificate ca = openssl::read_certificate(*ca_text);
  const Key ca_key = openssl::read_key(*ca_key_text);
  if (!ca || !ca_key || X509_check_private_key(ca.get(), ca_key.get()) != 1) {
    return Error{options.authority.string() + " holds no authority: ca.pem and ca.key are no certificate and its key"};
  }

  const auto certificate_file = options.directory / (options.name + ".pem");
  const auto key_file = options.directory / (options.name + ".key");
  const auto ca_file = options.directory / "ca.pem";
  if (auto fresh = require_new(options.directory, {certificate_file, key_file}); !fresh) return fresh.error();
  std::error_code error;
  const bool has_ca = std::filesystem::exists(ca_file, error);
  if (has_ca && read(ca_file).or_throw() != *ca_text) return Error{ca_file.string() + " is another authority's; it is not overwritten"};

  const Key key(EVP_EC_gen("P-256"));
  if (!key) return Error{"the key of " + options.name + " cannot be made: " + openssl::last_error()};
  const auto certificate = make_certificate(key.get(), options.name, options.validity, {ca.get(), ca_key.get()},
                                            {{NID_basic_constraints, "critical,CA:FALSE"},
                                             {NID_key_usage, "critical,digitalSignature"},
                                             {NID_ext_key_usage, "serverAuth,clientAuth"},
                                             {NID_subject_alt_name, alternative_names(hosts)},
                                             {NID_subject_key_identifier, "hash"},
                                             {NID_authority_key_identifier, "keyid"}});
  if (!certificate) return certificate.error();
  if (auto written = write_new(key_file, pem(key), kForOwner); !written) return written.error();
  if (auto written = write_new(certificate_file, pem(*certificate), kForAll); !written) return written.error();
  if (!has_ca) {
    if (auto written = write_new(ca_file, *ca_text, kForAll); !written) return written.error();
  }
  return std::vector{certificate_file, ca_file, key_file};
}

}  // namespace weir
