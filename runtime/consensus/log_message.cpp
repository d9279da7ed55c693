#include <weir/consensus/log_message.hpp>

#include <cstring>
#include <utility>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <weir/consensus/configuration.hpp>
#include <weir/state/big_endian.hpp>
#include <weir/state/sealed_value.hpp>

#include "log_message.capnp.h"

namespace weir {
namespace {

constexpr std::string_view kSeal = "weir log message 1";  // another form of messages gets another number
constexpr std::size_t kChecksumBytes = 8;
constexpr std::uint64_t kHighest = 1ULL << 62;  // of terms and indices; leaves room to count on

capnp::Data::Reader to_data(const Bytes& bytes) {
  return {reinterpret_cast<const capnp::byte*>(bytes.data()), bytes.size()};
}

Bytes to_bytes(capnp::Data::Reader data) {
  const auto* begin = reinterpret_cast<const std::byte*>(data.begin());
  return Bytes(begin, begin + data.size());
}

struct BodyWriter {
  schema::LogMessage::Builder out;

  void operator()(const RequestVote& body) {
    auto stored = out.initRequestVote();
    stored.setLastIndex(body.last_index);
    stored.setLastTerm(body.last_term);
    stored.setDisruptLeader(body.disrupt_leader);
    stored.setPreVote(body.pre_vote);
  }
  void operator()(const VoteResult& body) {
    auto stored = out.initVoteResult();
    stored.setGranted(body.granted);
    stored.setPreVote(body.pre_vote);
  }
  void operator()(const AppendEntries& body) {
    auto stored = out.initAppendEntries();
    stored.setPreviousIndex(body.previous_index);
    stored.setPreviousTerm(body.previous_term);
    stored.setCommitted(body.committed);
    auto entries = stored.initEntries(static_cast<capnp::uint>(body.entries.size()));
    for (capnp::uint i = 0; i < entries.size(); ++i) {
      entries[i].setTerm(body.entries[i].term);
      entries[i].setKind(static_cast<std::uint8_t>(body.entries[i].kind));
      entries[i].setContent(to_data(body.entries[i].content));
    }
  }
  void operator()(const AppendResult& body) {
    auto stored = out.initAppendResult();
    stored.setRejected(body.rejected);
    stored.setLastIndex(body.last_index);
  }
  void operator()(const InstallSnapshot& body) {
    auto stored = out.initInstallSnapshot();
    stored.setLastIndex(body.snapshot.index);
    stored.setLastTerm(body.snapshot.term);
    stored.setMembersIndex(body.snapshot.members_index);
    stored.setMembers(to_data(body.snapshot.members));
    stored.setContent(to_data(body.snapshot.content));
  }
  void operator()(const TimeoutNow& body) {
    auto stored = out.initTimeoutNow();
    stored.setLastIndex(body.last_index);
    stored.setLastTerm(body.last_term);
  }
};

Error malformed(const char* what) { return {std::string("a message of the cluster's log is malformed: ") + what}; }

/// A place in a log: there is an entry, or both numbers are 0.
bool plausible(std::uint64_t index, std::uint64_t term, std::uint64_t message_term) {
  return index < kHighest && term <= message_term && (index == 0) == (term == 0);
}

Result<void> read(schema::RequestVote::Reader stored, LogMessage& message) {
  const RequestVote body{stored.getLastIndex(), stored.getLastTerm(), stored.getDisruptLeader(), stored.getPreVote()};
  if (!plausible(body.last_index, body.last_term, message.term)) return malformed("impossible end of a log");
  message.body = body;
  return {};
}

Result<void> read(schema::AppendEntries::Reader stored, LogMessage& message) {
  AppendEntries body{stored.getPreviousIndex(), stored.getPreviousTerm(), stored.getCommitted(), {}};
  if (!plausible(body.previous_index, body.previous_term, message.term) || body.committed >= kHighest)
    return malformed("impossible place in a log");
  std::uint64_t term = std::max<std::uint64_t>(body.previous_term, 1);
  for (const auto entry : stored.getEntries()) {
    if (entry.getTerm() < term || entry.getTerm() > message.term) return malformed("impossible term of an entry");
    term = entry.getTerm();
    if (entry.getKind() < 1 || entry.getKind() > 3) return malformed("unknown kind of entry");
    body.entries.push_back({term, static_cast<EntryKind>(entry.getKind()), to_bytes(entry.getContent())});
    const LogEntry& taken = body.entries.back();
    if (taken.kind != EntryKind::Members) continue;
    if (auto members = decode_configuration(taken.content); !members.ok()) return members.error();
  }
  // A log begins with its members.
  if (body.previous_index == 0 && !body.entries.empty() && body.entries.front().kind != EntryKind::Members)
    return malformed("a log that does not begin with the cluster's members");
  message.body = std::move(body);
  return {};
}

Result<void> read(schema::InstallSnapshot::Reader stored, LogMessage& message) {
  InstallSnapshot body{{.index = stored.getLastIndex(), .term = stored.getLastTerm(), .members_index = stored.getMembersIndex()}};
  LogSnapshot& snapshot = body.snapshot;
  if (snapshot.index == 0 || !plausible(snapshot.index, snapshot.term, message.term)) return malformed("impossible end of a snapshot");
  if (snapshot.members_index == 0 || snapshot.members_index > snapshot.index) return malformed("impossible members of a snapshot");
  snapshot.members = to_bytes(stored.getMembers());
  if (auto members = decode_configuration(snapshot.members); !members.ok()) return members.error();
  snapshot.content = to_bytes(stored.getContent());
  message.body = std::move(body);
  return {};
}

Result<void> read(schema::AppendResult::Reader stored, LogMessage& message) {
  const AppendResult body{stored.getRejected(), stored.getLastIndex()};
  if (body.rejected >= kHighest || body.last_index >= kHighest) return malformed("impossible place in a log");
  message.body = body;
  return {};
}

Result<void> read(schema::TimeoutNow::Reader stored, LogMessage& message) {
  const TimeoutNow body{stored.getLastIndex(), stored.getLastTerm()};
  if (!plausible(body.last_index, body.last_term, message.term)) return malformed("impossible end of a log");
  message.body = body;
  return {};
}

Result<void> read_body(schema::LogMessage::Reader stored, LogMessage& message) {
  switch (stored.which()) {
    case schema::LogMessage::REQUEST_VOTE: return read(stored.getRequestVote(), message);
    case schema::LogMessage::VOTE_RESULT:
      message.body = VoteResult{stored.getVoteResult().getGranted(), stored.getVoteResult().getPreVote()};
      return {};
    case schema::LogMessage::APPEND_ENTRIES: return read(stored.getAppendEntries(), message);
    case schema::LogMessage::APPEND_RESULT: return read(stored.getAppendResult(), message);
    case schema::LogMessage::INSTALL_SNAPSHOT: return read(stored.getInstallSnapshot(), message);
    case schema::LogMessage::TIMEOUT_NOW: return read(stored.getTimeoutNow(), message);
  }
  return malformed("unknown kind");
}

Result<LogMessage> read_message(schema::LogMessage::Reader stored) {
  LogMessage message{.cluster = stored.getCluster(), .from = stored.getFrom(), .to = stored.getTo(), .from_address = {},
                     .term = stored.getTerm(), .body = {}};
  const auto address = stored.getFromAddress();
  message.from_address.assign(address.begin(), address.size());
  if (message.cluster == 0 || message.from == 0 || message.to == 0) return malformed("no sender or receiver");
  if (message.from_address.empty() || message.from_address.size() > kLongestAddress ||
      message.from_address.find('\0') != std::string::npos)
    return malformed("impossible address");
  if (message.term >= kHighest) return malformed("impossible term");
  if (auto body = read_body(stored, message); !body.ok()) return body.error();
  return message;
}

}  // namespace

Bytes encode(const LogMessage& message) {
  capnp::MallocMessageBuilder builder;
  auto out = builder.initRoot<schema::LogMessage>();
  out.setCluster(message.cluster);
  out.setFrom(message.from);
  out.setTo(message.to);
  out.setFromAddress(capnp::Text::Reader(message.from_address.c_str(), message.from_address.size()));
  out.setTerm(message.term);
  std::visit(BodyWriter{out}, message.body);
  const auto flat = capnp::messageToFlatArray(builder);
  const auto content = flat.asBytes();
  const std::span body(reinterpret_cast<const std::byte*>(content.begin()), content.size());
  std::string head;
  append_big_endian(head, checksum(kSeal, body));
  Bytes bytes(kChecksumBytes + body.size());
  std::memcpy(bytes.data(), head.data(), kChecksumBytes);
  std::memcpy(bytes.data() + kChecksumBytes, body.data(), body.size());
  return bytes;
}

Result<LogMessage> decode_log_message(std::span<const std::byte> bytes) {
  if (bytes.size() <= kChecksumBytes || bytes.size() % sizeof(capnp::word) != 0) return malformed("cut off");
  if (!open_sealed(kSeal, bytes).intact()) return malformed("wrong checksum");
  const auto body = bytes.subspan(kChecksumBytes);
  std::vector<capnp::word> words(body.size() / sizeof(capnp::word));  // aligned
  std::memcpy(words.data(), body.data(), body.size());
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words.size() * 2 + 64;
    options.nestingLimit = 8;
    capnp::FlatArrayMessageReader reader(kj::arrayPtr(words.data(), words.size()), options);
    return read_message(reader.getRoot<schema::LogMessage>());
  } catch (const kj::Exception& exception) {
    return malformed(exception.getDescription().cStr());
  }
}

}  // namespace weir
