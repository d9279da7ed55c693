// Certificates for tests: an authority of the test's own, and what it signs. They are valid from yesterday until tomorrow.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace weir::testing {

struct CertificateFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

class TestAuthority {
 public:
  /// Writes into a directory that is there: <name>-ca.pem.
  TestAuthority(std::filesystem::path directory, const std::string& name);
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  const std::filesystem::path& certificate() const { return file_; }
  /// Writes <name>.pem and <name>-key.pem.
  CertificateFiles sign(const std::string& name) const;

 private:
  std::filesystem::path directory_;
  std::filesystem::path file_;
  evp_pkey_st* key_;
  x509_st* certificate_;
};

}  // namespace weir::testing
