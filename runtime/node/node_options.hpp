// How a node is configured. Every value can stand in a TOML file, in the environment and on the command line, and each of these
// prevails over the one before:
//
//   defaults < file (listen = "…", [tls] key = "…") < environment (WEIR_NODE_LISTEN, WEIR_NODE_TLS_KEY) < --listen, --tls-key
//
// One table (node_settings) describes every value once: what reads, prints, documents and completes options goes by it. Values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/base/time.hpp>
#include <weir/base/address.hpp>

namespace weir {

/// PEM files; all or none.
struct TlsOptions {
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::filesystem::path ca;

  bool given() const { return !certificate.empty() || !key.empty() || !ca.empty(); }
  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };

/// What a job's process may use on this node.
struct WorkerLimits {
  std::uint64_t memory_bytes = 0;  // 0: no limit
  Duration hang_timeout{30'000};   // a worker in which a call of the job's code takes longer is killed; 0: none
  std::uint32_t threads = 0;       // 0: one per core

  friend bool operator==(const WorkerLimits&, const WorkerLimits&) = default;
};

/// What a job has that does not say otherwise.
struct CheckpointDefaults {
  Duration interval{10'000};
  std::uint32_t retained = 2;
  Duration alignment_limit{1000};
  std::uint64_t store_bytes = 0;   // the most that a job's may take on a node; 0: what the disk holds

  friend bool operator==(const CheckpointDefaults&, const CheckpointDefaults&) = default;
};

struct NodeOptions {
  Address listen{"127.0.0.1", kNodePort};
  Address http{"127.0.0.1", kHttpPort};
  std::filesystem::path data = "weir-data";
  std::vector<std::string> join;      // HOST:PORT of nodes of the cluster
  std::string name;                   // empty: the listening address
  std::uint32_t slots = 0;            // 0: one per core
  bool eligible = true;               // may lead
  std::uint32_t replication = 2;
  Duration heartbeat{1000};
  Duration node_timeout{5000};
  Duration drain_timeout{20'000};     // for what runs on a node that is asked to end to move to others
  std::filesystem::path token_file;   // empty: HTTP takes no token
  LogLevel log_level = LogLevel::Info;
  TlsOptions tls;
  WorkerLimits worker;
  CheckpointDefaults checkpoint;

  friend bool operator==(const NodeOptions&, const NodeOptions&) = default;
};

/// One value that can be set.
struct NodeSetting {
  enum class Kind : std::uint8_t { Text, Number, Flag, List };

  std::string key;    // in the file: "tls.key" is `key` in [tls]
  Kind kind = Kind::Text;
  std::string takes;  // "HOST:PORT", "TIME", "N"...
  std::string help;
  std::function<std::string(const NodeOptions&)> print;                   // a list's with commas
  std::function<Result<void>(NodeOptions&, const std::string&)> parse;

  std::string option() const;    // "--tls-key"
  std::string variable() const;  // "WEIR_NODE_TLS_KEY"
};

const std::vector<NodeSetting>& node_settings();

/// What was given, and by whom.
struct NodeSources {
  std::filesystem::path file;                                                      // empty: none
  std::function<std::optional<std::string>(const std::string&)> environment = {};  // a variable's value
  std::map<std::string, std::string> options;                                      // by the setting's key
};

/// The options that all sources give together, not yet checked. Errors name file and line, variable or option.
Result<NodeOptions> read_node_options(const NodeSources& sources);

/// What to tell the user of WEIR_NODE_ variables that set nothing. They are no errors: Kubernetes makes such names out of services'.
std::vector<std::string> unknown_variables(const std::vector<std::string>& names);

/// Sets what a TOML text sets; `name` is that of the file, for messages.
Result<NodeOptions> with_toml(NodeOptions options, std::string_view text, const std::string& name);

/// What is wrong with values that are each right by themselves, and with files that they name: a node that others can reach has
/// certificates, and a token for HTTP.
Result<void> check_node_options(const NodeOptions& options);

/// The options as TOML that reads back as the same, each with its help, unit and default.
std::string to_toml(const NodeOptions& options);

}  // namespace weir
