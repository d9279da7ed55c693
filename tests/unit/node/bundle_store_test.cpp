#include <doctest/doctest.h>

#include <cerrno>
#include <fstream>

#include <weir/node/bundle_store.hpp>
#include <weir/node/sha256.hpp>

#include "support/full_disk.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using testing::TemporaryDirectory;

namespace {

const std::string kBytes = "the bytes of a bundle";

std::string hash_of(const std::string& bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.text();
}

BundleStore open(const TemporaryDirectory& directory) { return BundleStore::open(directory / "bundles").or_throw(); }

auto files_in(const std::filesystem::path& directory) {
  return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
}

/// The text in pieces of three bytes; after `most` pieces an error.
BundlePieces in_pieces(const std::string& text, std::size_t most = 1000) {
  return [text, most, at = std::size_t{0}]() mutable -> Result<std::optional<std::string>> {
    if (at / 3 >= most) return Error{"the connection broke"};
    if (at >= text.size()) return std::optional<std::string>();
    const std::string piece = text.substr(at, 3);
    at += 3;
    return std::optional(piece);
  };
}

}  // namespace

TEST_CASE("a bundle is found under the hash of its bytes, also by another store of the directory") {
  const TemporaryDirectory directory;
  const std::string id = open(directory).put(in_pieces(kBytes), {.expected = hash_of(kBytes)}).value();
  CHECK(id == hash_of(kBytes));
  const BundleStore store = open(directory);
  CHECK(store.has(id));
  CHECK(store.list() == std::vector{id});
  CHECK(store.size(id).value() == kBytes.size());
  CHECK(sha256_of(store.path(id).value()).value() == id);
}

TEST_CASE("a bundle is read in pieces") {
  const TemporaryDirectory directory;
  const BundleStore store = open(directory);
  const std::string id = store.put(kBytes).value();
  CHECK(store.read(id, 0, 3).value() == "the");
  CHECK(store.read(id, 4, 1000).value() == kBytes.substr(4));
  CHECK(store.read(id, kBytes.size(), 10).value().empty());
  CHECK(store.read(id, ~std::uint64_t{0}, 10).value().empty());
}

TEST_CASE("storing a bundle twice keeps one") {
  const TemporaryDirectory directory;
  const BundleStore store = open(directory);
  CHECK(store.put(kBytes).value() == store.put(kBytes).value());
  CHECK(files_in(directory / "bundles") == 1);
}

TEST_CASE("a bundle with another hash than announced, too long, or cut off leaves nothing behind") {
  const TemporaryDirectory directory;
  const BundleStore store = open(directory);
  CHECK(store.put(in_pieces(kBytes), {.expected = hash_of("other")}).error().message.find(hash_of(kBytes)) != std::string::npos);
  CHECK(store.put(in_pieces(kBytes), {.most_bytes = 5}).error().message == "the bundle has more than 5 bytes");
  CHECK(store.put(in_pieces(kBytes, 2), {}).error().message == "the connection broke");
  CHECK(files_in(directory / "bundles") == 0);
}

TEST_CASE("whose fault it is that a bundle is not stored is told") {
  using Fault = BundleError::Fault;
  const TemporaryDirectory directory;
  const BundleStore store = open(directory);
  CHECK(store.put(in_pieces(kBytes), {.expected = hash_of("other")}).error().fault == Fault::Bundle);
  CHECK(store.put(in_pieces(kBytes), {.expected = "../x"}).error().fault == Fault::Bundle);
  CHECK(store.put(in_pieces(kBytes), {.most_bytes = 5}).error().fault == Fault::Bundle);
  CHECK(store.put(in_pieces(kBytes, 2), {}).error().fault == Fault::Bundle);
  std::ofstream(directory / "small") << "x";
  {
    const testing::FullDisk full(directory / "small");
    CHECK(store.put(kBytes).error().fault == Fault::NoRoom);
  }
  CHECK(files_in(directory / "bundles") == 0);
}

TEST_CASE("a directory that is gone is told as that, whatever failed since") {
  const TemporaryDirectory directory;
  const BundleStore store = open(directory);
  std::filesystem::remove(directory / "bundles");
  const BundlePieces waits = []() -> Result<std::optional<std::string>> {
    errno = EAGAIN;
    return std::optional<std::string>("bytes");
  };
  const auto refused = store.put(waits, {.most_bytes = 100});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == BundleError::Fault::Disk);
  CHECK(refused.error().message.ends_with(": No such file or directory"));
}

TEST_CASE("what a crash left half-written is gone when the store is opened") {
  const TemporaryDirectory directory;
  open(directory);
  std::ofstream(directory / "bundles/incoming-abc123") << "half";
  CHECK(open(directory).list().empty());
  CHECK(files_in(directory / "bundles") == 0);
}

TEST_CASE("bundles that nobody wants are removed, but for those that were put lately") {
  const TemporaryDirectory directory;
  const BundleStore store = open(directory);
  const std::string wanted = store.put("wanted").value();
  const std::string unwanted = store.put("unwanted").value();
  const std::string again = store.put("put again").value();
  const auto yesterday = std::filesystem::file_time_type::clock::now() - std::chrono::hours(25);
  for (const std::string& id : store.list()) std::filesystem::last_write_time(store.path(id).value(), yesterday);
  const std::string lately = store.put("put lately").value();
  CHECK(store.put("put again").value() == again);
  CHECK(store.remove_others({wanted, hash_of("one that is elsewhere")}, std::chrono::hours(24)) == std::vector{unwanted});
  CHECK_FALSE(store.has(unwanted));
  for (const std::string& id : {wanted, again, lately}) CHECK(store.has(id));
}

TEST_CASE("an id that is a path reaches no file") {
  const TemporaryDirectory directory;
  const BundleStore store = open(directory);
  std::ofstream(directory / "secret.so") << "secret";
  for (const std::string id : {"../secret", "", "/etc/passwd", "..", "secret\0"}) {
    CAPTURE(id);
    CHECK_FALSE(store.has(id));
    CHECK_FALSE(store.path(id).ok());
    CHECK_FALSE(store.read(id, 0, 10).ok());
    CHECK_FALSE(store.remove(id).ok());
    CHECK_FALSE(store.put(in_pieces(kBytes), {.expected = id}).ok());
  }
  CHECK(std::filesystem::exists(directory / "secret.so"));
}

TEST_CASE("a removed bundle is gone; removing it again is no error") {
  const TemporaryDirectory directory;
  const BundleStore store = open(directory);
  const std::string id = store.put(kBytes).value();
  CHECK(store.remove(id).ok());
  CHECK(store.remove(id).ok());
  CHECK_FALSE(store.has(id));
  CHECK(store.path(id).error().message == "there is no bundle " + id);
}

TEST_CASE("a store in a place that cannot be made is an error") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file");
  CHECK_FALSE(BundleStore::open(directory / "file/bundles").ok());
}
