#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include <weir/consensus/configuration.hpp>
#include <weir/consensus/log_storage.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

Bytes bytes_of(std::string_view text) {
  const auto bytes = as_span(text);
  return Bytes(bytes.begin(), bytes.end());
}

const Bytes kMembers = encode_configuration({{7, "a:1", Role::Voter}});

LogEntry command(std::uint64_t term, std::string_view text) { return {term, EntryKind::Command, bytes_of(text)}; }

std::unique_ptr<LogStorage> open(const TemporaryDirectory& directory) { return LogStorage::open(directory / "log").or_throw(); }

/// A log of entries 1 to 4 in terms 1 and 2.
std::unique_ptr<LogStorage> begun(const TemporaryDirectory& directory) {
  auto storage = open(directory);
  storage->begin(99, kMembers).or_throw();
  storage->load().or_throw();
  storage->set_vote({2, 7}).or_throw();
  storage->append(std::vector{command(1, "first command"), command(2, "second command"), command(2, "third command")}).or_throw();
  return storage;
}

/// Changes a text wherever it stands in the data file.
void damage(const std::filesystem::path& file, const std::string& text) {
  std::ifstream in(file, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), {});
  in.close();
  std::size_t found = 0;
  for (std::size_t at = content.find(text); at != std::string::npos; at = content.find(text, at + 1)) {
    content[at] = '#';
    ++found;
  }
  REQUIRE(found > 0);
  std::ofstream(file, std::ios::binary) << content;
}

}  // namespace

TEST_CASE("a directory keeps its member's id, and another directory gets another one") {
  const TemporaryDirectory directory;
  const LogIdentity first = open(directory)->identity();
  CHECK(first.self != 0);
  CHECK(first.cluster == 0);
  CHECK(open(directory)->identity() == first);
  const TemporaryDirectory other;
  CHECK(open(other)->identity().self != first.self);
}

TEST_CASE("what was stored is there after a restart") {
  const TemporaryDirectory directory;
  begun(directory);
  auto storage = open(directory);
  CHECK(storage->identity().cluster == 99);
  CHECK_FALSE(storage->pristine().or_throw());
  const StoredLog log = storage->load().or_throw();
  CHECK(log.vote == Vote{2, 7});
  CHECK_FALSE(log.snapshot.has_value());
  CHECK(log.first_index == 1);
  REQUIRE(log.entries.size() == 4);
  CHECK(log.entries[0] == LogEntry{1, EntryKind::Members, kMembers});
  CHECK(log.entries[3] == command(2, "third command"));
  CHECK(storage->last_index() == 4);
  CHECK(storage->term_of(2).or_throw() == 1);
  CHECK_FALSE(storage->term_of(5).or_throw().has_value());
}

TEST_CASE("entries are removed from the end, and new ones take their place") {
  const TemporaryDirectory directory;
  {
    auto storage = begun(directory);
    storage->truncate(3).or_throw();
    storage->append(std::vector{command(2, "another")}).or_throw();
  }
  const StoredLog log = open(directory)->load().or_throw();
  REQUIRE(log.entries.size() == 3);
  CHECK(log.entries[2] == command(2, "another"));
}

TEST_CASE("a snapshot replaces the entries before it, but for those that are kept") {
  const TemporaryDirectory directory;
  const LogSnapshot snapshot{.index = 3, .term = 2, .members_index = 1, .members = kMembers, .content = bytes_of("state")};
  {
    auto storage = begun(directory);
    storage->compact(snapshot, 1).or_throw();
    CHECK(storage->snapshot().or_throw() == snapshot);
    CHECK_FALSE(storage->term_of(2).or_throw().has_value());
  }
  const StoredLog log = open(directory)->load().or_throw();
  CHECK(log.snapshot == snapshot);
  CHECK(log.first_index == 3);
  CHECK(log.entries.size() == 2);
}

TEST_CASE("another member's snapshot replaces everything") {
  const TemporaryDirectory directory;
  {
    auto storage = begun(directory);
    storage->replace({.index = 10, .term = 2, .members_index = 1, .members = kMembers, .content = {}}).or_throw();
    CHECK(storage->last_index() == 10);
    CHECK(storage->term_of(10).or_throw() == 2);
    storage->append(std::vector{command(2, "eleventh")}).or_throw();
  }
  auto storage = open(directory);
  const StoredLog log = storage->load().or_throw();
  CHECK(log.first_index == 11);
  CHECK(log.entries.size() == 1);
  CHECK(storage->term_of(10).or_throw() == 2);
  CHECK_FALSE(storage->term_of(9).or_throw().has_value());
}

TEST_CASE("a damaged entry, snapshot or vote is told, with what to do") {
  const TemporaryDirectory directory;
  const LogSnapshot snapshot{.index = 2, .term = 1, .members_index = 1, .members = kMembers, .content = bytes_of("the whole state")};
  begun(directory)->compact(snapshot, 5).or_throw();
  const auto file = directory / "log" / "data.mdb";

  const auto told = [&](const std::string& text) {
    const auto good = directory / "good";
    std::filesystem::copy_file(file, good, std::filesystem::copy_options::overwrite_existing);
    damage(file, text);
    auto loaded = open(directory)->load();
    std::filesystem::copy_file(good, file, std::filesystem::copy_options::overwrite_existing);
    REQUIRE_FALSE(loaded.ok());
    return loaded.error().message;
  };
  const std::string entry = told("second command");
  CHECK(entry.find("the cluster's log in " + (directory / "log").string() + " is damaged: entry 3: expected checksum 0x") == 0);
  CHECK(entry.find("remove this member from the cluster, empty the directory and add it again, as a new member") != std::string::npos);
  CHECK(told("the whole state").find("is damaged: its snapshot: expected checksum 0x") != std::string::npos);
  CHECK(open(directory)->load().ok());
}

TEST_CASE("a log is open once") {
  const TemporaryDirectory directory;
  const auto storage = open(directory);
  auto again = LogStorage::open(directory / "log");
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().message.find("is in use by this process") != std::string::npos);
}

TEST_CASE("nothing is kept in a directory that was removed meanwhile") {
  const TemporaryDirectory directory;
  auto storage = begun(directory);
  std::filesystem::remove_all(directory / "log");
  CHECK_FALSE(storage->append(std::vector{command(2, "lost")}).ok());
}
