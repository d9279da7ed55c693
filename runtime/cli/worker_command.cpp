// `weir worker`: what a node starts, not people. It has the code of a job in it, so that the node has not.
#include <weir/cli/invocation.hpp>

#include <iostream>
#include <map>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <weir/base/exception_text.hpp>
#include <weir/cli/settings.hpp>
#include <weir/node/bundle.hpp>
#include <weir/node/job_description.hpp>
#include <weir/node/worker_process.hpp>

namespace weir::cli {
namespace {

struct WorkerLine {
  std::int64_t heartbeat_ms = 1000;
  std::int64_t timeout_ms = 5000;
  std::int64_t hang_timeout_ms = 30'000;
  std::string describe;
  WorkerProcessOptions process;
  std::vector<std::string> settings;
  PlanOptions plan;
};

/// All that can be wrong here is what was submitted.
void describe(const WorkerLine& line) {
  try {
    const auto bundle = LoadedBundle::load(line.describe).or_throw();
    std::cout << describe_job(bundle.job(), parse_settings(line.settings), line.plan) << '\n';
  } catch (const std::exception& exception) {
    throw Misuse(exception_text(exception));
  } catch (...) {
    throw Misuse("the job's pipeline function threw what is no std::exception");
  }
}

int work(WorkerLine& line) {
  line.process.process.heartbeat = Duration(line.heartbeat_ms);
  line.process.process.connection_timeout = Duration(line.timeout_ms);
  line.process.hang_timeout = Duration(line.hang_timeout_ms);
  if (line.process.node.empty()) throw Misuse("worker needs --describe or --node");
  return run_worker_process(line.process);
}

}  // namespace

void add_worker_command(CLI::App& app, Invocation& invocation) {
  auto line = std::make_shared<WorkerLine>();  // owned by the command
  CLI::App* command = app.add_subcommand("worker", "Runs tasks of a job; started by a node")->group("");
  command->add_option("--describe", line->describe, "print what the bundle is and would run, as JSON")->option_text("BUNDLE");
  command->add_option("--set", line->settings, "an option of the job; may be repeated")->option_text("NAME=VALUE")->expected(1)->take_all();
  command->add_option("--parallelism", line->plan.parallelism, "tasks per operator")->option_text("N [1]");
  command->add_option("--key-groups", line->plan.key_groups, "units of keyed state")->option_text("N [128]");
  command->add_option("--node", line->process.node, "the daemon to work for")->option_text("HOST:PORT")->excludes("--describe");
  command->add_option("--job", line->process.job, "whose tasks")->option_text("ID");
  command->add_option("--attempt", line->process.attempt, "at the job")->option_text("N");
  command->add_option("--threads", line->process.process.threads, "that run tasks; 0: one per core")->option_text("N [0]");
  command->add_option("--heartbeat-ms", line->heartbeat_ms, "between two signs of life on a connection")->option_text("N [1000]");
  command->add_option("--timeout-ms", line->timeout_ms, "of silence, after which a connection is lost")->option_text("N [5000]");
  command->add_option("--hang-timeout-ms", line->hang_timeout_ms, "for a call of the job's code; 0: none")->option_text("N [30000]");
  command->add_option("--tls-certificate", line->process.process.certificate, "of the node")->option_text("FILE");
  command->add_option("--tls-key", line->process.process.key, "of the node")->option_text("FILE");
  command->add_option("--tls-ca", line->process.process.ca, "of the cluster")->option_text("FILE");
  command->callback([line, &invocation] {
    if (line->describe.empty()) invocation.status = work(*line);
    else describe(*line);
  });
}

}  // namespace weir::cli
