// What a cluster of real daemons makes of the ways in which jobs, disks and machines fail, one at a time.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <sys/mount.h>
#include <unistd.h>

#include <weir/base/version.hpp>
#include <weir/graph/output_lock.hpp>
#include <weir/node/api_types.hpp>

#include "support/count_rows.hpp"
#include "support/daemons.hpp"
#include "support/loopback_port.hpp"
#include "support/nexmark_run.hpp"
#include "support/temporary_directory.hpp"

using weir::testing::check_counts;
using weir::testing::count_job;
using weir::testing::count_job_on;
using weir::testing::Daemons;
using weir::testing::DaemonSetup;
using weir::testing::JobStatus;
using weir::testing::Process;
using weir::testing::TemporaryDirectory;

namespace {

using Words = std::vector<std::string>;

const Words kQuick{"--slots", "3", "--node-timeout", "2s", "--heartbeat", "200ms"};

bool mentions(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

void check_finished(Daemons& nodes, std::uint64_t job) {
  const JobStatus end = nodes.await_end(job);
  CHECK_MESSAGE(end.status == "finished", end.message);
}

}  // namespace

TEST_CASE("a job that would write what it reads, or what another job writes, is refused, and harms nothing") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 2, kQuick);
  const auto text = directory / "text";
  std::ofstream(text) << "one two two\n";
  const auto submit = [&](const std::string& job, const Words& options) {
    Words words{"submit", Daemons::bundle(job)};
    words.insert(words.end(), options.begin(), options.end());
    return words;
  };
  const std::string own = nodes.refusal(submit("word_count", {"--set", "input=" + text.string(), "--set", "output=" + text.string()}));
  CHECK_MESSAGE(own.find("would write into the input of source") != std::string::npos, own);
  CHECK(weir::testing::content_of(text) == "one two two\n");

  const auto output = directory / "out.csv";
  const std::uint64_t job = nodes.submit("slow_count", count_job(output, 60'000));
  const std::string twice = nodes.refusal(submit("slow_count", count_job(directory / "." / "out.csv", 60'000)));
  CHECK_MESSAGE(twice.find("is writing " + output.string() + "; stop it first, or name another file") != std::string::npos, twice);
  check_finished(nodes, job);
  check_counts(output, 60'000);
}

TEST_CASE("a program and a cluster's job do not write one file, whoever comes first") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 2, kQuick);
  const auto output = directory / "out.csv";
  std::ofstream(directory / "text") << "one two two\n";
  const std::uint64_t job = nodes.submit("slow_count", count_job(output, 100'000));
  nodes.await_checkpoint(job, 1);
  Process program(WEIR_BIN_DIR "/word_count", {"--input", directory / "text", "--output", output}, directory / "printed");
  CHECK(program.wait_for(std::chrono::seconds(60)) == 1);
  const std::string printed = weir::testing::content_of(directory / "printed");
  CHECK_MESSAGE(printed.find("a cluster's job " + std::to_string(job) + " is writing it; stop it first, or name another file") != std::string::npos, printed);
  check_finished(nodes, job);
  check_counts(output, 100'000);
  CHECK(!std::filesystem::exists(directory / ".out.csv.lock"));

  const auto lock = weir::OutputLock::of_program("rows", {weir::WrittenFiles::Kind::One, output});
  const JobStatus second = nodes.await_end(nodes.submit("slow_count", count_job(output, 1000)));
  CHECK(second.status == "failed");
  CHECK_MESSAGE(second.message.find(output.string() + ": process " + std::to_string(getpid()) + " is writing it") != std::string::npos, second.message);
  check_counts(output, 100'000);
}

TEST_CASE("a savepoint that is none fails the job at once, and gives its slots back") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 1, kQuick);
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", 1000, {"--from-savepoint", (directory / "none").string()}));
  const JobStatus end = nodes.await_end(job);
  CHECK(end.status == "failed");
  CHECK(end.attempt == 1);
  CHECK_MESSAGE(end.message.find("there is no savepoint at " + (directory / "none").string() + ": no such directory") != std::string::npos, end.message);
  const std::uint64_t next = nodes.submit("slow_count", count_job(directory / "out.csv", 1000));
  check_finished(nodes, next);
  const std::string rows = weir::testing::content_of(directory / "out.csv");
  CHECK(nodes.status(next).written == static_cast<std::uint64_t>(std::count(rows.begin(), rows.end(), '\n') - 1));  // all but the header
}

TEST_CASE("a savepoint of another job fails a job at once") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 1, kQuick);
  const std::uint64_t other = nodes.submit("slow_count", count_job(directory / "out.csv", 1'000'000));
  nodes.await_checkpoint(other, 1);
  nodes.ask({"savepoint", std::to_string(other), directory / "saved", "--wait"});
  std::ofstream(directory / "text") << "one two\n";
  const std::uint64_t job = nodes.submit("word_count", {"--set", "input=" + (directory / "text").string(), "--set", "output=" + (directory / "words.csv").string(),
                                                        "--from-savepoint", directory / "saved"});
  const JobStatus end = nodes.await_end(job);
  CHECK(end.status == "failed");
  CHECK(end.attempt == 1);
  CHECK_MESSAGE(end.message.find("that the job lacks") != std::string::npos, end.message);
}

TEST_CASE("code that crashes or loops ends its own worker, which is told with its signal and backtrace; other jobs go on") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 1, {"--slots", "8", "--worker-hang-timeout", "500ms"});
  const std::uint64_t other = nodes.submit("slow_count", count_job(directory / "other.csv", 100'000));
  std::string harm;
  std::string told;
  std::string line;
  SUBCASE("a segmentation fault") { harm = "crash"; told = "signal 11 (Segmentation fault): it crashed in operator 'harm'"; line = "backtrace"; }
  SUBCASE("an abort") { harm = "abort"; told = "signal 6 (Aborted): it crashed in operator 'harm'"; line = "backtrace"; }
  SUBCASE("an endless loop") { harm = "loop"; told = "signal 6 (Aborted): numbers -> harm ("; line = "has not come back for 500 ms"; }
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", 100'000, {"--set", "harm=" + harm, "--max-failures", "2"}));
  const JobStatus end = nodes.await_end(job);
  CHECK(end.status == "failed");
  CHECK_MESSAGE(end.message.find(told) != std::string::npos, end.message);
  CHECK(mentions(end.last_lines, line));
  REQUIRE_FALSE(end.last_lines.empty());
  const std::string& whose = end.last_lines.front();
  CHECK_MESSAGE(whose.find("attempt " + std::to_string(end.attempt) + ", ") == 0, whose);
  CHECK_MESSAGE(whose.find(": the worker on node 'node0' ended: killed by " + told) != std::string::npos, whose);
  const auto logs = weir::api::from_json<weir::api::LogList>(nodes.ask({"logs", std::to_string(job)})).or_throw().logs;
  CHECK(logs.size() == end.attempt);
  for (const weir::api::LogInfo& log : logs) {
    CHECK_MESSAGE(log.ended.value_or("").find(told) != std::string::npos, log.ended.value_or("runs on"));
    CHECK(mentions(log.lines, line));
  }
  check_finished(nodes, other);
  CHECK(nodes.status(other).attempt == 1);
  check_counts(directory / "other.csv", 100'000);
}

TEST_CASE("a worker that falls silent is ended by its node, which is told apart from one that somebody killed") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 1, kQuick);
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", 200'000));
  JobStatus now = nodes.await_checkpoint(job, 1);
  const auto next_attempt = [&](const std::string& how) {
    const std::uint64_t before = now.attempt;
    while (!now.ended() && now.attempt == before) now = nodes.await_checkpoint(job, now.checkpoint);
    REQUIRE_FALSE(now.last_lines.empty());
    CHECK_MESSAGE(now.last_lines.front().find("the worker on node 'node0' ended: " + how) != std::string::npos, now.last_lines.front());
  };
  REQUIRE(nodes.stop_worker(0));
  next_attempt("killed by its node: it said nothing for ");
  REQUIRE(nodes.kill_worker(0));
  next_attempt("killed by signal 9");
  check_finished(nodes, job);
  check_counts(directory / "out.csv", 200'000);
}

TEST_CASE("a node whose data directory was deleted is used again, and nothing is lost, also when another one goes then") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", 300'000));
  JobStatus now = nodes.await_checkpoint(job, 2);
  for (const std::size_t victim : {std::size_t{1}, std::size_t{2}}) {
    nodes.kill(victim);
    nodes.delete_data(victim);
    nodes.start(victim);
    nodes.await_up(3);
    now = nodes.await_checkpoint(job, now.checkpoint + 1000);  // of a later attempt: its parts are on two nodes again
  }
  check_finished(nodes, job);
  check_counts(directory / "out.csv", 300'000);
}

TEST_CASE("a disk that is full on one node costs no checkpoint but the first, and no rows") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const std::size_t victim = (nodes.leader() + 1) % nodes.size();
  nodes.kill(victim);
  // What the node has is small; its checkpoints will not fit.
  const std::filesystem::path jobs = nodes.data(victim) / "jobs";
  std::filesystem::create_directories(jobs);
  if (::mount("none", jobs.c_str(), "tmpfs", 0, "size=16k") != 0) {
    MESSAGE("skipped: this user may not mount a small disk");
    return;
  }
  nodes.start(victim);
  nodes.await_up(3);
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", 200'000));
  const JobStatus now = nodes.await_checkpoint(job, 3);
  CHECK(now.attempt == 1);
  check_finished(nodes, job);
  check_counts(directory / "out.csv", 200'000);
  nodes.kill(victim);
  CHECK(::umount2(jobs.c_str(), MNT_DETACH) == 0);
}

TEST_CASE("when the leader dies and no worker with it, another takes the running job over as it is") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, {"--slots", "1", "--node-timeout", "2s", "--heartbeat", "200ms"});
  const auto options = [&](const std::string& output) {
    return Words{"--set", "count=200000", "--set", "rate=20000", "--set", "output=" + (directory / output).string(), "--parallelism", "2",
                 "--checkpoint-interval", "100ms"};
  };
  // Two of three nodes run it. Which ones follows from its number.
  std::uint64_t job = 0;
  std::string output;
  for (int attempt = 0; attempt < 20 && job == 0; ++attempt) {
    output = "out" + std::to_string(attempt) + ".csv";
    job = nodes.submit("slow_count", options(output));
    (void)nodes.await_checkpoint(job, 0);
    if (!nodes.nodes_of(job).contains(nodes.leader())) break;
    nodes.ask({"cancel", std::to_string(job)});
    (void)nodes.await_end(job);
    job = 0;
  }
  REQUIRE(job != 0);
  const JobStatus before = nodes.status(job);
  nodes.kill(nodes.leader());
  const JobStatus after = nodes.await_checkpoint(job, before.checkpoint + 3);
  CHECK(after.attempt == before.attempt);
  check_finished(nodes, job);
  CHECK(nodes.status(job).attempt == before.attempt);
  check_counts(directory / output, 200'000);
}

TEST_CASE("a node that is asked to end hands its work over after a checkpoint, the leader too, and ends well") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", 200'000));
  JobStatus now = nodes.await_checkpoint(job, 1);
  for (const bool leads : {false, true}) {
    const std::size_t leader = nodes.leader();
    const auto runs_it = nodes.nodes_of(job);
    const std::size_t victim = leads ? leader : *std::find_if(runs_it.begin(), runs_it.end(), [&](std::size_t node) { return node != leader; });
    CHECK(nodes.terminate(victim) == 0);
    CHECK(nodes.log(victim).find("ending as asked") != std::string::npos);
    now = nodes.await_checkpoint(job, now.checkpoint);
    nodes.start(victim);
    nodes.await_up(3);
  }
  check_finished(nodes, job);
  check_counts(directory / "out.csv", 200'000);
}

TEST_CASE("jobs that each run on one node alone outlive the node and disk to which they were uploaded") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const auto output = [&](std::size_t job) { return directory / ("out" + std::to_string(job) + ".csv"); };
  std::vector<std::uint64_t> jobs;
  for (std::size_t job = 0; job < 3; ++job) jobs.push_back(nodes.submit("slow_count", count_job_on("1", "100ms", output(job), 100'000)));
  std::set<std::size_t> used;
  for (const std::uint64_t job : jobs) {
    nodes.await_checkpoint(job, 1);
    used.merge(nodes.nodes_of(job));
  }
  CHECK(used.size() == 3);
  const std::size_t asked_first = 0;
  nodes.kill(asked_first);
  nodes.delete_data(asked_first);
  for (std::size_t job = 0; job < 3; ++job) {
    check_finished(nodes, jobs[job]);
    check_counts(output(job), 100'000);
  }
}

TEST_CASE("a node that is asked to end leaves no job with a single copy of its checkpoint") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 4, kQuick);
  // The interval is long: the checkpoint that the copy moves with is taken for the node that ends.
  const std::uint64_t job = nodes.submit("slow_count", count_job_on("1", "3s", directory / "out.csv", 300'000));
  nodes.await_checkpoint(job, 0);
  const std::size_t runner = *nodes.nodes_of(job).begin();
  std::vector<std::size_t> ended;
  for (std::size_t node = 0; node < nodes.size() && ended.size() < 2; ++node) {
    if (node == runner) continue;
    CHECK(nodes.terminate(node) == 0);
    ended.push_back(node);
  }
  nodes.kill(runner);
  nodes.delete_data(runner);
  for (const std::size_t node : ended) nodes.start(node);  // which have no copy of the newest checkpoint: the fourth has
  check_finished(nodes, job);
  CHECK(nodes.status(job).attempt > 1);
  check_counts(directory / "out.csv", 300'000);
}

TEST_CASE("what a job that failed for good had done is a savepoint, from which its mended code goes on") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const auto output = directory / "out.csv";
  const std::uint64_t job = nodes.submit("slow_count", count_job(output, 200'000, {"--set", "harm=throw", "--set", "harm-at=50000", "--max-failures", "2"}));
  const JobStatus failed = nodes.await_end(job);
  CHECK(failed.status == "failed");
  REQUIRE(failed.checkpoint > 0);
  for (std::size_t node = 0; node < nodes.size(); ++node) nodes.kill(node);  // its parts are on disks alone
  for (std::size_t node = 0; node < nodes.size(); ++node) nodes.start(node);
  nodes.await_up(nodes.size());
  nodes.ask({"savepoint", std::to_string(job), (directory / "savepoint").string()});
  const std::string again = nodes.refusal({"savepoint", std::to_string(job), (directory / "savepoint").string()});
  CHECK_MESSAGE(again.find("exists already") != std::string::npos, again);
  nodes.ask({"forget", std::to_string(job)});
  const std::uint64_t next = nodes.submit("slow_count", count_job(output, 200'000, {"--from-savepoint", (directory / "savepoint").string()}));
  CHECK(nodes.await_checkpoint(next, 0).checkpoint > failed.checkpoint);
  check_finished(nodes, next);
  check_counts(output, 200'000);
}

TEST_CASE("who asks a node that is left without a majority is told which nodes are missing") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  nodes.kill(1);
  nodes.kill(2);
  std::string told;
  do {
    told = nodes.refusal({"nodes"});  // until it has noticed, should it have led
  } while (told.starts_with("not refused"));
  CHECK_MESSAGE(told.find("the cluster has no leader now: of its 3 voters these do not answer: ") != std::string::npos, told);
  for (const std::size_t node : {std::size_t{1}, std::size_t{2}}) {
    CHECK_MESSAGE(told.find("'node" + std::to_string(node) + "' at " + nodes.address(node)) != std::string::npos, told);
  }
}

TEST_CASE("a node without a vote follows the next leader when the one before is told to end") {
  const TemporaryDirectory directory;
  std::vector<DaemonSetup> setups(4);
  setups[3].options = {"--coordinator", "false"};
  Daemons nodes(directory / "cluster", setups, kQuick);
  const auto output = directory / "out.csv";
  Words words = count_job_on("8", "100ms", output, 200'000);
  const std::uint64_t job = nodes.submit("slow_count", words);
  nodes.await_checkpoint(job, 0);
  CHECK(nodes.nodes_of(job).size() == 4);
  CHECK(nodes.terminate(nodes.leader()) == 0);
  const JobStatus moved = nodes.await_checkpoint(job, nodes.status(job).checkpoint);
  CHECK(moved.attempt > 1);
  check_finished(nodes, job);
  check_counts(output, 200'000);
}

TEST_CASE("a savepoint that is wanted while a node drains, or a worker dies, is written; one that cannot be is refused") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", 200'000));
  nodes.await_checkpoint(job, 1);
  CHECK(nodes.refusal({"savepoint", std::to_string(job), "/proc/none"}).find("cannot be written") != std::string::npos);
  const std::size_t leader = nodes.leader();
  const auto runs_it = nodes.nodes_of(job);
  nodes.kill_worker(*std::find_if(runs_it.begin(), runs_it.end(), [&](std::size_t node) { return node != leader; }));
  nodes.ask({"savepoint", std::to_string(job), directory / "savepoint"});
  const JobStatus end = nodes.await_end(job);
  CHECK(end.status == "stopped");
  CHECK(end.message == "");
  const std::uint64_t next = nodes.submit("slow_count", count_job(directory / "out.csv", 200'000, {"--from-savepoint", (directory / "savepoint").string()}));
  check_finished(nodes, next);
  check_counts(directory / "out.csv", 200'000);
}

TEST_CASE("a query of nexmark gives its answer after kills of a worker, a node, the leader and two at once") {
  const TemporaryDirectory directory;
  const nexmark::GeneratorOptions generator{.events = 200'000, .rate = 10'000, .out_of_order = 50};
  Daemons nodes(directory / "cluster", 3, kQuick);
  const std::uint64_t job = nodes.submit(
      "nexmark", {"--set", "query=q5", "--set", "events=200000", "--set", "rate=10000", "--set", "out-of-order=50", "--set", "throttle=25000", "--set",
                  "final=true", "--set", "output=" + (directory / "q5.csv").string(), "--parallelism", "3", "--checkpoint-interval", "100ms"});
  std::uint64_t checkpoint = 0;
  for (int kill = 0; kill < 4; ++kill) {
    checkpoint = nodes.await_checkpoint(job, checkpoint).checkpoint;
    const std::size_t leader = nodes.leader();
    switch (kill) {
      case 0: CHECK(nodes.kill_worker(*nodes.nodes_of(job).begin())); break;
      case 1: nodes.kill((leader + 1) % nodes.size()); break;
      case 2: nodes.kill(leader); break;
      default:
        nodes.kill_worker(leader);
        nodes.kill((leader + 2) % nodes.size());
    }
    for (std::size_t node = 0; node < nodes.size(); ++node) nodes.start(node);
    nodes.await_up(nodes.size());
  }
  check_finished(nodes, job);
  nexmark::testing::check_same(nexmark::testing::read_table(directory / "q5.csv"), nexmark::testing::expected("q5", generator));
}

TEST_CASE("a savepoint of a job on three nodes is one directory, from which a job goes on at another parallelism") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const auto savepoint = directory / "savepoint";
  const std::uint64_t first = nodes.submit("slow_count", count_job(directory / "out.csv", 200'000));
  (void)nodes.await_checkpoint(first, 2);
  nodes.ask({"savepoint", std::to_string(first), savepoint.string()});
  const JobStatus stopped = nodes.await_end(first);
  CHECK(stopped.status == "stopped");
  CHECK_MESSAGE(stopped.message.empty(), stopped.message);
  const std::uint64_t second = nodes.submit(
      "slow_count", {"--set", "count=200000", "--set", "rate=200000", "--set", "output=" + (directory / "out.csv").string(), "--parallelism", "2",
                     "--from-savepoint", savepoint.string(), "--checkpoint-interval", "100ms"});
  check_finished(nodes, second);
  check_counts(directory / "out.csv", 200'000);
}

TEST_CASE("a second node in one data directory is refused before it touches anything there, and told what to do") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 1);
  const auto identity = weir::testing::content_of(nodes.data(0) / "identity");
  const auto log = directory / "second.log";
  const auto port = [] { return "127.0.0.1:" + std::to_string(weir::testing::free_port()); };
  weir::testing::Process second(std::filesystem::path(WEIR_BIN_DIR) / "weir", {"node", "--listen", port(), "--http", port(), "--data", nodes.data(0).string()}, log);
  CHECK(second.wait_for(std::chrono::seconds(60)) == 1);
  const std::string told = weir::testing::content_of(log);
  CHECK_MESSAGE(told.find("weir node: error: --data: " + nodes.data(0).string() + " is in use by process ") != std::string::npos, told);
  CHECK_MESSAGE(told.find(": stop it first, or give this node a directory of its own\n") != std::string::npos, told);
  CHECK(weir::testing::content_of(nodes.data(0) / "identity") == identity);
}

TEST_CASE("a node of another version is refused, with both versions in the message") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 1);
  std::ifstream program(std::filesystem::path(WEIR_BIN_DIR) / "weir", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(program)), {});
  const std::string version = weir::kVersion;
  std::string other = version;
  other.back() = other.back() == '9' ? '8' : '9';
  for (std::size_t at = bytes.find(version); at != std::string::npos; at = bytes.find(version, at)) bytes.replace(at, version.size(), other);
  const auto changed = directory / "weir";
  std::ofstream(changed, std::ios::binary) << bytes;
  std::filesystem::permissions(changed, std::filesystem::perms::owner_all);
  const auto log = directory / "other.log";
  const auto port = [] { return "127.0.0.1:" + std::to_string(weir::testing::free_port()); };
  weir::testing::Process node(changed, {"node", "--listen", port(), "--http", port(), "--data", (directory / "other").string(), "--join", nodes.address(0)}, log);
  std::string told;
  while (told.find("not let in") == std::string::npos && !node.wait_for(std::chrono::milliseconds(50))) told = weir::testing::content_of(log);
  CHECK_MESSAGE(told.find(version) != std::string::npos, told);
  CHECK_MESSAGE(told.find(other) != std::string::npos, told);
}
