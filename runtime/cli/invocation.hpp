// What the subcommands of `weir` share: which node they talk to, in which form they print, and what the process ends with. A
// subcommand adds itself to the command line and, when it is the one that was chosen, does its work while the line is parsed. It
// throws what ends it; command_line.cpp has the one place that catches.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/node/exit_status.hpp>
#include <weir/node/node_options.hpp>

namespace CLI {
class App;
}

namespace weir::cli {

/// The command line makes no sense, or a file that it names.
class Misuse final : public Failure {
 public:
  using Failure::Failure;
};

/// No node answers, or the one that does has nobody to ask now: to be tried again.
class Unreachable final : public Failure {
 public:
  using Failure::Failure;
};

struct Connection {
  std::string node = "127.0.0.1:7071";  // HOST:PORT, or several with commas, of which any will do
  std::filesystem::path token_file;
  std::filesystem::path ca;             // with it the node is spoken to by TLS
};

enum class Output : std::uint8_t { Text, Json };

struct Invocation {
  Connection connection;
  bool json = false;
  int status = kDone;

  Output output() const { return json ? Output::Json : Output::Text; }
};

/// What runs a node until it is told to end, and returns the exit status; `program` is this binary's file, which workers run too.
using NodeProgram = std::function<int(const NodeOptions& options, const std::string& program)>;

/// --node, --token-file, --ca and --json.
void add_connection_options(CLI::App& command, Invocation& invocation);

void add_worker_command(CLI::App& app, Invocation& invocation);
void add_node_command(CLI::App& app, Invocation& invocation, const NodeProgram& node);
void add_submit_command(CLI::App& app, Invocation& invocation);
void add_job_commands(CLI::App& app, Invocation& invocation);      // jobs, job, cancel, stop, savepoint, checkpoints, logs, forget
void add_node_list_command(CLI::App& app, Invocation& invocation);  // nodes
void add_cert_command(CLI::App& app, Invocation& invocation);
void add_version_command(CLI::App& app, Invocation& invocation);
void add_completion_command(CLI::App& app, Invocation& invocation);

/// This program's version, in one line.
std::string own_version();

/// Runs the binary `weir` and returns its exit status.
int run_weir(int argc, char** argv, const NodeProgram& node);

}  // namespace weir::cli
