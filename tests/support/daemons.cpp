#include "support/daemons.hpp"

#include <csignal>
#include <thread>

#include <doctest/doctest.h>

#include <weir/node/api_types.hpp>

#include "support/loopback_port.hpp"

namespace weir::testing {
namespace {

constexpr std::chrono::seconds kPatience(120);  // bounds a hung run; no test waits for it to pass

const std::filesystem::path kProgram = std::filesystem::path(WEIR_BIN_DIR) / "weir";

class Deadline {
 public:
  explicit Deadline(std::string what) : what_(std::move(what)) {}
  /// Lets others run; fails the test when it took too long.
  void wait() const {
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end_, "never: ", what_);
    std::this_thread::yield();
  }

 private:
  std::string what_;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + kPatience;
};

}  // namespace

Daemons::Daemons(std::filesystem::path directory, const std::vector<DaemonSetup>& nodes, const std::vector<std::string>& options,
                 const std::vector<std::string>& client)
    : directory_(std::move(directory)), options_(options), client_(client) {
  std::filesystem::create_directories(directory_);
  for (const DaemonSetup& node : nodes) add(node);
  await_votes();
}

void Daemons::add(const DaemonSetup& node) {
  const auto on_loopback = [](const std::string& given) { return given.empty() ? "127.0.0.1:" + std::to_string(free_port()) : given; };
  const std::string name = "node" + std::to_string(nodes_.size());
  nodes_.push_back({on_loopback(node.address), on_loopback(node.http), directory_ / name, node, nullptr, 0, false});
  start(nodes_.size() - 1);
  await_up(nodes_.size());
}

Daemons::~Daemons() = default;  // of Process kills it, and the workers die with it

void Daemons::start(std::size_t node) {
  Node& one = nodes_[node];
  if (one.process) return;
  std::vector<std::string> words = one.setup.launcher;
  words.insert(words.end(), {kProgram.string(), "node", "--listen", one.address, "--http", one.http, "--data", one.data.string(), "--name", "node" + std::to_string(node)});
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    if (other != node && (node > 0 || one.starts > 0)) words.insert(words.end(), {"--join", nodes_[other].address});
  }
  words.insert(words.end(), options_.begin(), options_.end());
  words.insert(words.end(), one.setup.options.begin(), one.setup.options.end());
  const auto log = directory_ / ("node" + std::to_string(node) + "-" + std::to_string(++one.starts) + ".log");
  const std::string program = words.front();
  words.erase(words.begin());
  one.process = std::make_unique<Process>(program, words, log);
}

void Daemons::kill(std::size_t node) { nodes_[node].process.reset(); }
int Daemons::terminate(std::size_t node) {
  tell_to_end(node);
  return await_exit(node);
}

void Daemons::tell_to_end(std::size_t node) { nodes_[node].process->signal(SIGTERM); }

int Daemons::await_exit(std::size_t node) {
  const auto status = nodes_[node].process->wait_for(kPatience);
  nodes_[node].process.reset();
  return status.value_or(-1);
}

bool Daemons::runs(std::size_t node) const { return nodes_[node].process != nullptr; }
void Daemons::delete_data(std::size_t node) { std::filesystem::remove_all(nodes_[node].data); }

void Daemons::signal(std::size_t node, int number) {
  nodes_[node].process->signal(number);
  signal_workers(node, number);
}

bool Daemons::kill_worker(std::size_t node) { return signal_workers(node, SIGKILL); }
bool Daemons::stop_worker(std::size_t node) { return signal_workers(node, SIGSTOP); }

bool Daemons::signal_workers(std::size_t node, int number) const {
  return signal_processes({"worker", "--node", nodes_[node].address}, number);
}

std::string Daemons::log(std::size_t node) const {
  return content_of(directory_ / ("node" + std::to_string(node) + "-" + std::to_string(nodes_[node].starts) + ".log"));
}

std::vector<std::string> Daemons::with_nodes(std::vector<std::string> words) const {
  std::string all;
  for (const Node& node : nodes_) {
    if (node.process && !node.hidden) all += (all.empty() ? "" : ",") + node.http;
  }
  words.insert(words.end(), {"--node", all, "--json"});
  words.insert(words.end(), client_.begin(), client_.end());
  return words;
}

std::string Daemons::refusal(std::vector<std::string> words) {
  const auto output = directory_ / "answer";
  Process weir(kProgram, with_nodes(std::move(words)), output);
  const auto status = weir.wait_for(kPatience);
  return status && *status != 0 ? content_of(output) : "not refused: " + content_of(output);
}

std::string Daemons::ask(std::vector<std::string> words) {
  words = with_nodes(std::move(words));
  const auto output = directory_ / "answer";
  for (const Deadline deadline("an answer to weir " + words.front());; deadline.wait()) {
    Process weir(kProgram, words, output);
    if (weir.wait_for(kPatience) == 0) return content_of(output);
  }
}

std::size_t Daemons::leader() {
  for (const Deadline deadline("a leader");; deadline.wait()) {
    for (const auto& node : api::from_json<api::NodeList>(ask({"nodes"})).or_throw().nodes) {
      if (node.leader && node.status == "up") return static_cast<std::size_t>(std::stoi(node.name.substr(4)));
    }
  }
}

/// Of one or two nodes the first alone has one; the number is odd.
void Daemons::await_votes() const {
  const std::string given = " has a vote";
  const std::size_t wanted = nodes_.size() - (nodes_.size() % 2 == 0 ? 1 : 0);
  for (const Deadline deadline("all nodes have votes");; deadline.wait()) {
    std::size_t votes = 1;  // who began the cluster has one
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      const std::string text = log(node);
      for (std::size_t at = text.find(given); at != std::string::npos; at = text.find(given, at + 1)) ++votes;
    }
    if (votes >= wanted) return;
  }
}

void Daemons::await_logged(std::size_t node, const std::string& text) const {
  for (const Deadline deadline("'" + text + "' of node " + std::to_string(node)); log(node).find(text) == std::string::npos; deadline.wait()) {}
}

void Daemons::await_up(std::size_t count) {
  for (const Deadline deadline(std::to_string(count) + " nodes are up");; deadline.wait()) {
    std::size_t up = 0;
    for (const auto& node : api::from_json<api::NodeList>(ask({"nodes"})).or_throw().nodes) up += node.status == "up" ? 1 : 0;
    if (up == count) return;
  }
}

std::set<std::size_t> Daemons::nodes_of(std::uint64_t job) {
  std::set<std::size_t> nodes;
  for (const auto& task : api::from_json<api::TaskList>(ask({"job", std::to_string(job), "--tasks"})).or_throw().tasks) {
    if (!task.node.empty()) nodes.insert(static_cast<std::size_t>(std::stoi(task.node.substr(4))));
  }
  return nodes;
}

std::string Daemons::bundle(const std::string& job) {
  return (std::filesystem::path(WEIR_BIN_DIR) / ".." / "lib" / "jobs" / (job + ".so")).string();
}

std::uint64_t Daemons::submit(const std::string& job, const std::vector<std::string>& options) {
  std::vector<std::string> words{"submit", bundle(job)};
  words.insert(words.end(), options.begin(), options.end());
  return api::from_json<api::JobInfo>(ask(words)).or_throw().id;
}

JobStatus Daemons::status(std::uint64_t job) {
  const auto info = api::from_json<api::JobInfo>(ask({"job", std::to_string(job)})).or_throw();
  return {info.status, info.message, info.attempt, info.newest_checkpoint ? info.newest_checkpoint->id : 0, info.records_written, info.last_lines};
}

JobStatus Daemons::await_checkpoint(std::uint64_t job, std::uint64_t after) {
  for (const Deadline deadline("checkpoint " + std::to_string(after) + " has a successor");; deadline.wait()) {
    JobStatus now = status(job);
    if (now.checkpoint > after || now.ended()) return now;
  }
}

JobStatus Daemons::await_end(std::uint64_t job) {
  for (const Deadline deadline("the job ends");; deadline.wait()) {
    JobStatus now = status(job);
    if (now.ended()) return now;
  }
}

}  // namespace weir::testing
