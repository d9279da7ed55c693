#include <weir/consensus/log_storage.hpp>

#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <weir/consensus/configuration.hpp>
#include <weir/state/big_endian.hpp>
#include <weir/state/durable_directory.hpp>
#include <weir/state/sealed_value.hpp>

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kFormat = 1;
constexpr std::string_view kIdentityKey = "i";
constexpr std::string_view kVoteKey = "v";
constexpr std::string_view kSnapshotKey = "s";
constexpr std::string_view kEntryPrefix = "e";
constexpr std::size_t kEntryKeyBytes = 1 + sizeof(std::uint64_t);
constexpr std::size_t kEntryHeadBytes = 9;
constexpr std::size_t kSnapshotHeadBytes = 28;

LmdbOptions lmdb_options() {
  return {.map_bytes = 16ULL << 30,  // address space; a log is compacted long before
          .vital = "no key begins so: nothing that was synced is ever undone",
          .when_full = "free some space",
          .when_failed = "check the disk, then start again"};
}

std::string entry_key(std::uint64_t index) {
  std::string key(kEntryPrefix);
  append_big_endian(key, index);
  return key;
}

std::string encode(const LogIdentity& identity) {
  std::string text;
  append_big_endian(text, kFormat);
  append_big_endian(text, identity.self);
  append_big_endian(text, identity.cluster);
  return text;
}

std::string encode(const Vote& vote) {
  std::string text;
  append_big_endian(text, vote.term);
  append_big_endian(text, vote.candidate);
  return text;
}

std::string encode(const LogEntry& entry) {
  std::string text;
  text.reserve(kEntryHeadBytes + entry.content.size());
  append_big_endian(text, entry.term);
  append_big_endian(text, static_cast<std::uint8_t>(entry.kind));
  text += as_text(entry.content);
  return text;
}

std::string encode(const LogSnapshot& snapshot) {
  std::string text;
  text.reserve(kSnapshotHeadBytes + snapshot.members.size() + snapshot.content.size());
  append_big_endian(text, snapshot.index);
  append_big_endian(text, snapshot.term);
  append_big_endian(text, snapshot.members_index);
  append_big_endian(text, static_cast<std::uint32_t>(snapshot.members.size()));
  text += as_text(snapshot.members);
  text += as_text(snapshot.content);
  return text;
}

Bytes to_bytes(std::string_view text) {
  const auto bytes = as_span(text);
  return Bytes(bytes.begin(), bytes.end());
}

std::optional<LogEntry> decode_entry(std::string_view text) {
  if (text.size() < kEntryHeadBytes) return std::nullopt;
  LogEntry entry{.term = take_big_endian<std::uint64_t>(text)};
  const auto kind = take_big_endian<std::uint8_t>(text);
  if (kind < 1 || kind > 3) return std::nullopt;
  entry.kind = static_cast<EntryKind>(kind);
  entry.content = to_bytes(text);
  return entry;
}

std::optional<LogSnapshot> decode_snapshot(std::string_view text) {
  if (text.size() < kSnapshotHeadBytes) return std::nullopt;
  LogSnapshot snapshot{.index = take_big_endian<std::uint64_t>(text),
                       .term = take_big_endian<std::uint64_t>(text),
                       .members_index = take_big_endian<std::uint64_t>(text)};
  const auto members_bytes = take_big_endian<std::uint32_t>(text);
  if (members_bytes > text.size()) return std::nullopt;
  snapshot.members = to_bytes(text.substr(0, members_bytes));
  snapshot.content = to_bytes(text.substr(members_bytes));
  return snapshot;
}

std::uint64_t random_id() {
  std::random_device device;
  std::uint64_t id = 0;
  // Positive as a signed number too: people and JSON read it.
  while (id == 0) id = (static_cast<std::uint64_t>(device()) << 32 | device()) >> 1;
  return id;
}

/// Makes data.mdb, with an identity from its first moment on.
Result<void> make_file(const fs::path& directory) {
  const fs::path unfinished = directory / "data.mdb.new";
  std::error_code error;
  fs::remove(unfinished, error);
  {
    auto environment = LmdbEnvironment::open(unfinished, lmdb_options());
    if (!environment.ok()) return environment.error();
    auto written = (*environment)->write(Durability::Now, [](LmdbTransaction& transaction) {
      return put_sealed(transaction, kIdentityKey, as_span(encode(LogIdentity{.self = random_id()})));
    });
    if (!written.ok()) return written;
  }
  fs::rename(unfinished, directory / "data.mdb", error);
  if (error) return Error{"cannot make the cluster's log in " + directory.string() + ": " + error.message()};
  return sync_directory(directory);
}

Result<void> erase_entries(LmdbTransaction& transaction, std::uint64_t from, std::uint64_t until) {
  std::string key = entry_key(from);
  for (;;) {
    auto entry = transaction.at_or_after(key);
    if (!entry.ok()) return entry.error();
    if (!entry->has_value() || !(*entry)->key.starts_with(kEntryPrefix)) return {};
    key = (*entry)->key;
    if (key.size() != kEntryKeyBytes || key >= entry_key(until)) return {};
    if (auto erased = transaction.erase(key); !erased.ok()) return erased;
  }
}

constexpr std::uint64_t kNoEnd = ~std::uint64_t{0};

}  // namespace

Error LogStorage::damaged(const std::string& what) const {
  return {"the cluster's log in " + directory_.string() + " is damaged: " + what +
          "; remove this member from the cluster, empty the directory and add it again, as a new member"};
}

Result<std::unique_ptr<LogStorage>> LogStorage::open(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  std::error_code unknown;
  if (!fs::is_directory(directory, unknown))
    return Error{"cannot make directory " + directory.string() + ": " + (error ? error.message() : "it is a file")};
  auto lock = StoreLock::exclusive(directory);
  if (!lock.ok()) return lock.error();
  if (!fs::exists(directory / "data.mdb", unknown)) {
    if (auto made = make_file(directory); !made.ok()) return made.error();
  }
  auto environment = LmdbEnvironment::open(directory / "data.mdb", lmdb_options());
  if (!environment.ok()) return environment.error();
  std::unique_ptr<LogStorage> storage(
      new LogStorage(directory, std::move(lock).value(), std::move(environment).value()));
  if (auto read = storage->read_identity(); !read.ok()) return read.error();
  return storage;
}

Result<void> LogStorage::read_identity() {
  return environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    auto content = get_sealed(transaction, kIdentityKey, "its identity");
    if (!content.ok()) return damaged(content.error().message);
    std::string_view text = as_text(*content);
    if (text.size() < sizeof kFormat) return damaged("its identity has another form");
    const auto format = take_big_endian<std::uint32_t>(text);
    if (format > kFormat) {
      return Error{"the cluster's log in " + directory_.string() + " has format " + std::to_string(format) +
                   ", this Weir reads up to " + std::to_string(kFormat) + ": run a newer Weir"};
    }
    if (text.size() != 2 * sizeof(std::uint64_t)) return damaged("its identity has another form");
    identity_.self = take_big_endian<std::uint64_t>(text);
    identity_.cluster = take_big_endian<std::uint64_t>(text);
    return {};
  });
}

Result<bool> LogStorage::pristine() const {
  bool found = false;
  auto read = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    for (const std::string_view key : {kVoteKey, kSnapshotKey}) {
      auto value = transaction.get(key);
      if (!value.ok()) return value.error();
      found = found || value->has_value();
    }
    auto entry = transaction.at_or_after(kEntryPrefix);
    if (!entry.ok()) return entry.error();
    found = found || (entry->has_value() && (*entry)->key.starts_with(kEntryPrefix) && (*entry)->key.size() == kEntryKeyBytes);
    return {};
  });
  if (!read.ok()) return read.error();
  return !found;
}

Result<void> LogStorage::write(const LmdbEnvironment::Change& change) {
  if (auto present = environment_->present(); !present.ok()) return present;
  return environment_->write(Durability::Now, change);
}

Result<void> LogStorage::begin(std::uint64_t cluster, std::span<const std::byte> members) {
  LogIdentity joined = identity_;
  joined.cluster = cluster;
  const LogEntry first{.term = 1, .kind = EntryKind::Members, .content = Bytes(members.begin(), members.end())};
  auto written = write([&](LmdbTransaction& transaction) -> Result<void> {
    if (auto put = put_sealed(transaction, kIdentityKey, as_span(encode(joined))); !put.ok()) return put;
    if (auto put = put_sealed(transaction, kVoteKey, as_span(encode(Vote{.term = 1}))); !put.ok()) return put;
    return put_sealed(transaction, entry_key(1), as_span(encode(first)));
  });
  if (written.ok()) identity_ = joined;
  return written;
}

Result<void> LogStorage::join(std::uint64_t cluster) {
  LogIdentity joined = identity_;
  joined.cluster = cluster;
  auto written = write([&](LmdbTransaction& transaction) {
    return put_sealed(transaction, kIdentityKey, as_span(encode(joined)));
  });
  if (written.ok()) identity_ = joined;
  return written;
}

Result<std::optional<LogSnapshot>> LogStorage::snapshot_in(const LmdbTransaction& transaction) const {
  auto value = transaction.get(kSnapshotKey);
  if (!value.ok()) return value.error();
  if (!value->has_value()) return std::optional<LogSnapshot>();
  const Sealed sealed = open_sealed(kSnapshotKey, **value);
  if (!sealed.intact()) return damaged("its snapshot: " + mismatch(sealed));
  auto snapshot = decode_snapshot(as_text(sealed.content));
  if (!snapshot) return damaged("its snapshot has another form");
  return snapshot;
}

Result<StoredLog> LogStorage::load() {
  StoredLog log;
  auto read = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    auto vote = transaction.get(kVoteKey);
    if (!vote.ok()) return vote.error();
    if (vote->has_value()) {
      const Sealed sealed = open_sealed(kVoteKey, **vote);
      if (!sealed.intact() || sealed.content.size() != 16) return damaged("its vote: " + mismatch(sealed));
      std::string_view text = as_text(sealed.content);
      log.vote.term = take_big_endian<std::uint64_t>(text);
      log.vote.candidate = take_big_endian<std::uint64_t>(text);
    }
    auto snapshot = snapshot_in(transaction);
    if (!snapshot.ok()) return snapshot.error();
    log.snapshot = std::move(snapshot).value();
    log.first_index = log.snapshot ? log.snapshot->index + 1 : 1;
    std::string key(kEntryPrefix);
    for (;;) {
      auto stored = transaction.at_or_after(key);
      if (!stored.ok()) return stored.error();
      if (!stored->has_value() || !(*stored)->key.starts_with(kEntryPrefix)) return {};
      key = (*stored)->key;
      std::string_view rest = std::string_view(key).substr(1);
      if (rest.size() != sizeof(std::uint64_t)) return damaged("it has a key of unknown form");
      const auto index = take_big_endian<std::uint64_t>(rest);
      const Sealed sealed = open_sealed(key, (*stored)->value);
      if (!sealed.intact()) return damaged("entry " + std::to_string(index) + ": " + mismatch(sealed));
      auto entry = decode_entry(as_text(sealed.content));
      if (!entry) return damaged("entry " + std::to_string(index) + " has another form");
      if (log.entries.empty()) log.first_index = index;
      if (index != log.first_index + log.entries.size())
        return damaged("entry " + std::to_string(log.first_index + log.entries.size()) + " is missing");
      log.entries.push_back(std::move(*entry));
      key.push_back('\0');
    }
  });
  if (!read.ok()) return read.error();
  if (auto checked = check(log); !checked.ok()) return checked.error();
  last_index_ = log.first_index + log.entries.size() - 1;
  snapshot_index_ = log.snapshot ? log.snapshot->index : 0;
  snapshot_term_ = log.snapshot ? log.snapshot->term : 0;
  return log;
}

Result<void> LogStorage::check(const StoredLog& log) const {
  const std::uint64_t snapshot_index = log.snapshot ? log.snapshot->index : 0;
  const std::uint64_t last_index = log.first_index + log.entries.size() - 1;
  if (log.first_index == 0 || log.first_index > snapshot_index + 1 || last_index < snapshot_index)
    return damaged("its entries begin at " + std::to_string(log.first_index) + ", its snapshot ends at " +
                   std::to_string(snapshot_index));
  if (log.snapshot) {
    if (log.snapshot->index == 0 || log.snapshot->term == 0) return damaged("its snapshot has no end");
    if (auto members = decode_configuration(log.snapshot->members); !members.ok()) return damaged(members.error().message);
  } else if (!log.entries.empty() && log.entries.front().kind != EntryKind::Members) {
    return damaged("it does not begin with the cluster's members");
  }
  std::uint64_t term = 1;
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    const LogEntry& entry = log.entries[i];
    const std::string name = "entry " + std::to_string(log.first_index + i);
    if (entry.term < term || entry.term > log.vote.term) return damaged(name + " is of an impossible term");
    term = entry.term;
    if (entry.kind != EntryKind::Members) continue;
    if (auto members = decode_configuration(entry.content); !members.ok()) return damaged(name + ": " + members.error().message);
  }
  return {};
}

Result<void> LogStorage::set_vote(const Vote& vote) {
  return write([&](LmdbTransaction& transaction) { return put_sealed(transaction, kVoteKey, as_span(encode(vote))); });
}

Result<void> LogStorage::append(std::span<const LogEntry> entries) {
  auto written = write([&](LmdbTransaction& transaction) -> Result<void> {
    std::uint64_t index = last_index_;
    for (const LogEntry& entry : entries) {
      if (auto put = put_sealed(transaction, entry_key(++index), as_span(encode(entry))); !put.ok()) return put;
    }
    return {};
  });
  if (written.ok()) last_index_ += entries.size();
  return written;
}

Result<void> LogStorage::truncate(std::uint64_t index) {
  auto written = write([&](LmdbTransaction& transaction) { return erase_entries(transaction, index, kNoEnd); });
  if (written.ok()) last_index_ = index - 1;
  return written;
}

Result<void> LogStorage::compact(const LogSnapshot& snapshot, std::uint64_t kept) {
  auto written = write([&](LmdbTransaction& transaction) -> Result<void> {
    if (auto put = put_sealed(transaction, kSnapshotKey, as_span(encode(snapshot))); !put.ok()) return put;
    if (snapshot.index <= kept) return {};
    return erase_entries(transaction, 0, snapshot.index - kept + 1);
  });
  if (written.ok()) {
    snapshot_index_ = snapshot.index;
    snapshot_term_ = snapshot.term;
  }
  return written;
}

Result<void> LogStorage::replace(const LogSnapshot& snapshot) {
  auto written = write([&](LmdbTransaction& transaction) -> Result<void> {
    if (auto put = put_sealed(transaction, kSnapshotKey, as_span(encode(snapshot))); !put.ok()) return put;
    return erase_entries(transaction, 0, kNoEnd);
  });
  if (written.ok()) {
    last_index_ = snapshot.index;
    snapshot_index_ = snapshot.index;
    snapshot_term_ = snapshot.term;
  }
  return written;
}

Result<std::optional<LogSnapshot>> LogStorage::snapshot() const {
  std::optional<LogSnapshot> found;
  auto read = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    auto snapshot = snapshot_in(transaction);
    if (!snapshot.ok()) return snapshot.error();
    found = std::move(snapshot).value();
    return {};
  });
  if (!read.ok()) return read.error();
  return found;
}

Result<std::optional<std::uint64_t>> LogStorage::term_of(std::uint64_t index) const {
  std::optional<std::uint64_t> term;
  auto read = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    const std::string key = entry_key(index);
    auto value = transaction.get(key);
    if (!value.ok() || !value->has_value()) return value.ok() ? Result<void>() : value.error();
    const Sealed sealed = open_sealed(key, **value);
    if (!sealed.intact()) return damaged("entry " + std::to_string(index) + ": " + mismatch(sealed));
    auto entry = decode_entry(as_text(sealed.content));
    if (!entry) return damaged("entry " + std::to_string(index) + " has another form");
    term = entry->term;
    return {};
  });
  if (!read.ok()) return read.error();
  if (!term && index != 0 && index == snapshot_index_) term = snapshot_term_;
  return term;
}

}  // namespace weir
