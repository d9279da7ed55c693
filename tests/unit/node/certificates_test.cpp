// Certificates as weir makes them, held against the openssl program, and files that do not go together.
#include <doctest/doctest.h>

#include <fstream>

#include <weir/node/certificates.hpp>
#include <weir/node/tls_files.hpp>

#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using testing::content_of;
using testing::TemporaryDirectory;

namespace {

/// An authority and a node's certificate.
class Place {
 public:
  Place() {
    REQUIRE(make_authority({.directory = directory_ / "ca"}).ok());
    REQUIRE(node("a").ok());
  }
  std::filesystem::path operator/(const std::string& name) const { return directory_ / name; }

  Result<std::vector<std::filesystem::path>> node(const std::string& name, std::vector<std::string> hosts = {}, Validity validity = {.days = 10}) const {
    return make_node_certificate({.authority = directory_ / "ca", .name = name, .hosts = std::move(hosts), .directory = directory_ / "nodes", .validity = validity});
  }
  TlsOptions files(const std::string& name = "a") const { return {*this / ("nodes/" + name + ".pem"), *this / ("nodes/" + name + ".key"), *this / "nodes/ca.pem"}; }

  std::string openssl(const std::vector<std::string>& arguments) const {
    testing::Process process("/usr/bin/openssl", arguments, *this / "printed");
    REQUIRE(process.wait_for(std::chrono::seconds(30)).value_or(-1) == 0);
    return content_of(*this / "printed");
  }

 private:
  TemporaryDirectory directory_;
};

std::string refusal(const TlsOptions& options) {
  const auto files = read_tls_files(options);
  return files ? "fine" : files.error().message;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("openssl verifies a node's certificate for both ends of a connection, and names its hosts") {
  const Place place;
  REQUIRE(place.node("b", {"node-b.example", "10.0.0.7"}).ok());
  for (const char* purpose : {"sslserver", "sslclient"}) {
    CHECK(contains(place.openssl({"verify", "-x509_strict", "-purpose", purpose, "-CAfile", place / "ca/ca.pem", place / "nodes/b.pem"}), "b.pem: OK"));
  }
  const std::string text = place.openssl({"x509", "-in", place / "nodes/b.pem", "-noout", "-text"});
  CHECK(contains(text, "DNS:node-b.example"));
  CHECK(contains(text, "IP Address:10.0.0.7"));
  CHECK(contains(text, "DNS:localhost"));
  CHECK(contains(text, "prime256v1"));
  CHECK_FALSE(contains(text, "CA:TRUE"));
}

TEST_CASE("files of keys are for their owner alone, and nothing is overwritten") {
  const Place place;
  for (const char* key : {"ca/ca.key", "nodes/a.key"}) {
    CHECK(std::filesystem::status(place / key).permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  }
  const std::string before = content_of(place / "nodes/a.key");
  CHECK(place.node("a").error().message == (place / "nodes/a.pem").string() + " exists already; it is not overwritten");
  CHECK(content_of(place / "nodes/a.key") == before);
  CHECK(make_authority({.directory = place / "ca"}).error().message == (place / "ca/ca.pem").string() + " exists already; it is not overwritten");
  CHECK(place.node("b").ok());
}

TEST_CASE("a node's files go together") {
  const Place place;
  const auto files = read_tls_files(place.files());
  REQUIRE(files.ok());
  CHECK(files->certificate == content_of(place / "nodes/a.pem"));
  CHECK(files->ca == content_of(place / "ca/ca.pem"));
  CHECK(files->expires > std::chrono::system_clock::now() + std::chrono::hours(9 * 24));
}

TEST_CASE("files that do not go together are refused, naming the one at fault") {
  const Place place;
  REQUIRE(place.node("b").ok());
  TlsOptions mixed = place.files();
  mixed.key = place / "nodes/b.key";
  CHECK(refusal(mixed) == "the key " + mixed.key.string() + " is not that of the certificate " + mixed.certificate.string());

  REQUIRE(make_authority({.directory = place / "other"}).ok());
  mixed = place.files();
  mixed.ca = place / "other/ca.pem";
  CHECK(contains(refusal(mixed), "is not one of the authority " + mixed.ca.string()));

  mixed = place.files();
  std::ofstream(place / "text") << "no PEM";
  for (const auto& [member, message] : {std::pair{&TlsOptions::certificate, "holds no certificate in PEM form"},
                                        std::pair{&TlsOptions::key, "holds no key in PEM form, or one behind a password"},
                                        std::pair{&TlsOptions::ca, "holds no certificate in PEM form"}}) {
    TlsOptions options = place.files();
    options.*member = place / "text";
    CHECK(contains(refusal(options), message));
    options.*member = place / "none";
    CHECK(contains(refusal(options), "it does not exist"));
    options.*member = place / "nodes";
    CHECK(contains(refusal(options), "it is not a file"));
    options.*member = "";
    CHECK(contains(refusal(options), " is missing"));
  }
}

TEST_CASE("a certificate that has expired, or is not valid yet, is refused") {
  const Place place;
  const auto now = std::chrono::system_clock::now();
  REQUIRE(place.node("old", {}, {.days = 1, .from = now - std::chrono::hours(48)}).ok());
  CHECK(contains(refusal(place.files("old")), "expired at 20"));
  REQUIRE(place.node("new", {}, {.days = 1, .from = now + std::chrono::hours(48)}).ok());
  CHECK(contains(refusal(place.files("new")), "is not valid before 20"));
}

TEST_CASE("a name that is a path, and a host that is none, are refused") {
  const Place place;
  for (const std::string name : {"", "../a", "a/b", ".hidden", "ca", "a b"}) CHECK(contains(place.node(name).error().message, "cannot be a node's name"));
  CHECK(contains(place.node("c", {"x,IP:1.2.3.4"}).error().message, "is no host"));
  CHECK(contains(place.node("c", {"node:7070"}).error().message, "is no host"));
  CHECK(contains(make_node_certificate({.authority = place / "none", .name = "a", .directory = place / "nodes2"}).error().message, "'weir cert ca' makes an authority"));
}

TEST_CASE("a token is long enough and of what HTTP carries") {
  const Place place;
  const auto token = [&](const std::string& text) {
    std::ofstream(place / "token") << text;
    return read_token(place / "token");
  };
  CHECK(token(" 0123456789abcdef \r\nmore").value() == "0123456789abcdef");
  CHECK(contains(token("short\n").error().message, "has 5 characters; at least 16 are wanted"));
  CHECK(contains(token("").error().message, "has 0 characters"));
  CHECK(contains(token("0123456789 abcdef\n").error().message, "characters that HTTP does not carry"));
  CHECK(contains(read_token(place / "none").error().message, "cannot read the token file"));
}
