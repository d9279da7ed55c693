#include <weir/node/node_options.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

#include <weir/base/text.hpp>
#include <weir/coordination/cluster_state.hpp>
#include <weir/node/nearest_word.hpp>

namespace weir {
namespace {

constexpr std::uint32_t kMost = 100'000;  // of slots, threads, checkpoints: beyond it a number is a mistake
constexpr std::size_t kLongestName = 64;
const std::vector<std::string> kLevels = {"debug", "info", "warning", "error"};

using Kind = NodeSetting::Kind;

/// A member of the options, or of a struct in them.
template <class T>
using Member = std::function<T&(NodeOptions&)>;

template <class T>
const T& read(const Member<T>& member, const NodeOptions& options) {
  return member(const_cast<NodeOptions&>(options));  // members only lead there
}

/// A setting whose value a pair of functions reads and writes.
template <class T, class Parse, class Print>
NodeSetting setting(std::string key, std::string takes, std::string help, Member<T> member, Parse parse, Print print, Kind kind = Kind::Text) {
  return {std::move(key), kind, std::move(takes), std::move(help),
          [member, print](const NodeOptions& options) -> std::string { return print(read<T>(member, options)); },
          [member, parse](NodeOptions& options, const std::string& text) -> Result<void> {
            Result<T> value = parse(text);
            if (!value) return value.error();
            member(options) = std::move(*value);
            return {};
          }};
}

NodeSetting address(std::string key, std::uint16_t usual_port, std::string help, Member<Address> member) {
  return setting<Address>(std::move(key), "HOST:PORT", std::move(help), std::move(member),
                          [usual_port](const std::string& text) { return parse_address(text, usual_port); },
                          [](const Address& value) { return to_text(value); });
}

NodeSetting path(std::string key, std::string takes, std::string help, Member<std::filesystem::path> member) {
  return setting<std::filesystem::path>(
      std::move(key), std::move(takes), std::move(help), std::move(member),
      [](const std::string& text) -> Result<std::filesystem::path> { return std::filesystem::path(text); },
      [](const std::filesystem::path& value) { return value.string(); });
}

NodeSetting time(std::string key, std::string help, Member<Duration> member, Duration least = Duration(1)) {
  return setting<Duration>(
      std::move(key), "TIME", std::move(help), std::move(member),
      [least](const std::string& text) -> Result<Duration> {
        const auto duration = parse_duration(text);
        if (duration && *duration < least) return Error{least.count() > 0 ? "it must be longer than 0" : "it must not be negative"};
        return duration;
      },
      [](Duration value) { return to_text(value); });
}

/// In the largest unit that divides it, so that it reads back as the same.
std::string exact_bytes(std::uint64_t bytes) {
  for (const auto& [unit, shift] : {std::pair{"GiB", 30}, std::pair{"MiB", 20}, std::pair{"KiB", 10}}) {
    if (bytes != 0 && (bytes & ((std::uint64_t{1} << shift) - 1)) == 0) return std::to_string(bytes >> shift) + unit;
  }
  return std::to_string(bytes);
}

NodeSetting size(std::string key, std::string help, Member<std::uint64_t> member) {
  return setting<std::uint64_t>(std::move(key), "BYTES", std::move(help), std::move(member), parse_bytes, exact_bytes);
}

NodeSetting number(std::string key, std::string help, Member<std::uint32_t> member, std::uint32_t least, std::uint32_t most = kMost) {
  return setting<std::uint32_t>(
      std::move(key), "N", std::move(help), std::move(member),
      [least, most](const std::string& text) -> Result<std::uint32_t> {
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = error == std::errc{} && end == text.data() + text.size();
        if (whole && value >= least && value <= most) return value;
        return Error{"'" + text + "' is no number from " + std::to_string(least) + " to " + std::to_string(most)};
      },
      [](std::uint32_t value) { return std::to_string(value); }, Kind::Number);
}

Result<bool> parse_flag(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  return Error{"'" + text + "' is neither true nor false"};
}

Result<std::vector<std::string>> parse_addresses(const std::string& text) {
  std::vector<std::string> addresses;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto address = parse_address(text.substr(begin, end - begin));
    if (!address) return address.error();
    addresses.push_back(to_text(*address));
    begin = end + 1;
  }
  return addresses;
}

Result<std::string> parse_name(const std::string& text) {
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.'; };
  if (text.size() <= kLongestName && std::all_of(text.begin(), text.end(), fits)) return text;
  return Error{"'" + text + "' is no name: it has letters, digits, '-', '_' and '.', at most " + std::to_string(kLongestName)};
}

Result<LogLevel> parse_level(const std::string& text) {
  const auto found = std::find(kLevels.begin(), kLevels.end(), text);
  if (found == kLevels.end()) return Error{"'" + text + "' is not one of " + joined(kLevels, ", ")};
  return static_cast<LogLevel>(found - kLevels.begin());
}

std::vector<NodeSetting> make_settings() {
  using O = NodeOptions;
  const auto text = [](const std::string& value) { return value; };
  return {
      address("listen", kNodePort, "where other nodes and workers reach this node", [](O& o) -> auto& { return o.listen; }),
      address("http", kHttpPort, "where people and scripts reach this node", [](O& o) -> auto& { return o.http; }),
      path("data", "DIR", "directory of the node's identity, bundles, checkpoints and logs", [](O& o) -> auto& { return o.data; }),
      setting<std::vector<std::string>>("join", "HOST:PORT,...", "nodes of the cluster to join, any one of which is enough; none: begin a cluster; this one first: begin it if all others have none",
                                        [](O& o) -> auto& { return o.join; }, parse_addresses,
                                        [](const std::vector<std::string>& value) { return joined(value, ","); }, Kind::List),
      setting<std::string>("name", "NAME", "what people call the node; empty: its listening address", [](O& o) -> auto& { return o.name; },
                           parse_name, text),
      number("slots", "tasks of each operator that the node runs at most; 0: one per core", [](O& o) -> auto& { return o.slots; }, 0),
      setting<bool>("coordinator", "true|false", "whether the node may lead the cluster", [](O& o) -> auto& { return o.eligible; }, parse_flag,
                    [](bool value) { return value ? "true" : "false"; }, Kind::Flag),
      number("replication", "nodes that keep each part of a checkpoint, if there are as many", [](O& o) -> auto& { return o.replication; }, 1),
      time("heartbeat", "time between two signs of life to other nodes", [](O& o) -> auto& { return o.heartbeat; }),
      time("node_timeout", "silence after which a node counts as dead", [](O& o) -> auto& { return o.node_timeout; }),
      time("drain_timeout", "for jobs, copies of their checkpoints, the lead and the vote to move from a node that is asked to end to others; 0: it ends at once", [](O& o) -> auto& { return o.drain_timeout; }, Duration(0)),
      path("token_file", "FILE", "file with the token that HTTP requests must bring; empty: none is asked for", [](O& o) -> auto& { return o.token_file; }),
      setting<LogLevel>("log_level", joined(kLevels, "|"), "the least that is logged", [](O& o) -> auto& { return o.log_level; }, parse_level,
                        [](LogLevel value) { return kLevels[static_cast<std::size_t>(value)]; }),
      path("tls.certificate", "FILE", "the node's certificate, PEM", [](O& o) -> auto& { return o.tls.certificate; }),
      path("tls.key", "FILE", "the key of the certificate, PEM", [](O& o) -> auto& { return o.tls.key; }),
      path("tls.ca", "FILE", "the certificate of the cluster's own authority, PEM", [](O& o) -> auto& { return o.tls.ca; }),
      size("worker.memory", "memory that a job's process may use; 0: no limit", [](O& o) -> auto& { return o.worker.memory_bytes; }),
      time("worker.hang_timeout", "after which a job's process is killed in which a call of its code has not come back; 0: never", [](O& o) -> auto& { return o.worker.hang_timeout; }, Duration(0)),
      number("worker.threads", "threads of a job's process; 0: one per core", [](O& o) -> auto& { return o.worker.threads; }, 0),
      time("checkpoint.interval", "time between checkpoints of jobs that do not say", [](O& o) -> auto& { return o.checkpoint.interval; }),
      number("checkpoint.retained", "complete checkpoints to keep of a job", [](O& o) -> auto& { return o.checkpoint.retained; }, 1, kMostRetained),
      time("checkpoint.alignment_limit", "after which a checkpoint's barrier overtakes records", [](O& o) -> auto& { return o.checkpoint.alignment_limit; }),
      size("checkpoint.store", "the most that a job's checkpoints may take on this node; 0: what the disk holds", [](O& o) -> auto& { return o.checkpoint.store_bytes; }),
  };
}

}  // namespace

std::string NodeSetting::option() const {
  std::string name = "--" + key;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == '_'; }, '-');
  return name;
}

std::string NodeSetting::variable() const {
  std::string name = "WEIR_NODE_" + key;
  for (char& c : name) c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

const std::vector<NodeSetting>& node_settings() {
  static const std::vector<NodeSetting> settings = make_settings();
  return settings;
}

}  // namespace weir
