#include <doctest/doctest.h>

#include <fstream>

#include <weir/node/sha256.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;

TEST_CASE("the hash of known texts is the published one") {
  CHECK(Sha256().text() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 pieces;
  pieces.add("a");
  pieces.add("");
  pieces.add("bc");
  CHECK(pieces.text() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a file has the hash of its bytes, however many pieces it is read in") {
  const testing::TemporaryDirectory directory;
  const std::string bytes(1'000'003, 'x');
  std::ofstream(directory / "file", std::ios::binary) << bytes;
  Sha256 hash;
  hash.add(bytes);
  CHECK(sha256_of(directory / "file").value() == hash.text());
}

TEST_CASE("what cannot be read has no hash") {
  const testing::TemporaryDirectory directory;
  CHECK(sha256_of(directory / "none").error().message == "cannot read " + (directory / "none").string() + ": No such file or directory");
  CHECK(sha256_of(directory.path()).error().message == "cannot read " + directory.path().string() + ": it is a directory");
}

TEST_CASE("an id is 64 hex digits in lower case") {
  const std::string id = Sha256().text();
  CHECK(is_sha256(id));
  CHECK_FALSE(is_sha256(id.substr(1)));
  CHECK_FALSE(is_sha256(id + "0"));
  CHECK_FALSE(is_sha256("E" + id.substr(1)));
  CHECK_FALSE(is_sha256("/" + id.substr(1)));
  CHECK_FALSE(is_sha256(""));
}
