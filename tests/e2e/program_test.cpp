// The front end of a job's program: what it refuses, what it says, how it ends, and what becomes of earlier state and output.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using weir::testing::content_of;
using weir::testing::Process;
using weir::testing::TemporaryDirectory;

namespace {

using Arguments = std::vector<std::string>;

const std::filesystem::path kPrograms = WEIR_BIN_DIR;
const std::filesystem::path kData = std::filesystem::path(WEIR_SOURCE_DIR) / "examples/data";
constexpr std::chrono::milliseconds kPatience(60'000);  // bounds a hung program; no test waits for it to pass
constexpr std::chrono::milliseconds kLook(5);

struct Ended {
  int status = -1;
  std::string printed;

  bool says(const std::string& text) const { return printed.find(text) != std::string::npos; }
  auto lines() const { return std::count(printed.begin(), printed.end(), '\n'); }
};

/// A directory to run programs in, with a file of words.
class Place {
 public:
  Place() { std::ofstream(directory_ / "words.txt") << "a b c\na b\n"; }
  std::string operator/(const std::string& name) const { return directory_ / name; }

  Ended run(const std::filesystem::path& program, const Arguments& arguments) const {
    Process process(program.is_absolute() ? program : kPrograms / program, arguments, directory_ / "printed");
    const auto status = process.wait_for(kPatience);
    REQUIRE_MESSAGE(status, program.string(), " hangs");
    return {*status, content_of(directory_ / "printed")};
  }
  /// A run of word_count that keeps its state here.
  Ended count(Arguments more) const {
    more.insert(more.end(), {"--input", *this / "words.txt", "--output", *this / "counts.csv", "--state-dir", *this / "state"});
    return run("word_count", more);
  }
  std::string counts() const { return content_of(directory_ / "counts.csv"); }

 private:
  TemporaryDirectory directory_;
};

/// Waits until something is so.
template <class Condition>
void wait_until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, "it never comes to be");
    std::this_thread::sleep_for(kLook);
  }
}

/// monitoring on this machine: runs until it is stopped.
class Endless {
 public:
  explicit Endless(const Place& place, Arguments more = {}) : printed_(place / "endless") {
    const bool stored = std::find(more.begin(), more.end(), "--state-dir") != more.end();
    more.insert(more.end(), {"--interval", "5ms", "--cpu-window", "20ms", "--output", place / "report.csv"});
    process_ = std::make_unique<Process>(kPrograms / "monitoring", more, printed_);
    const auto exists = [&](const std::string& name) { return std::filesystem::exists(place / name); };
    wait_until([&] { return exists(".report.csv.lock") && (!stored || exists("state/data.mdb")); });
  }
  Process& process() { return *process_; }
  std::string printed() const { return content_of(printed_); }
  Ended stop() {
    process_->signal(SIGTERM);
    const auto status = process_->wait_for(kPatience);
    REQUIRE(status);
    return {*status, printed()};
  }

 private:
  std::filesystem::path printed_;
  std::unique_ptr<Process> process_;
};

}  // namespace

TEST_CASE("a start that would drop checkpoints is refused, and says how to continue and how to start over") {
  const Place place;
  REQUIRE(place.count({"--quiet"}).status == 0);
  const std::string counts = place.counts();
  CHECK(!counts.empty());
  const Ended again = place.count({});
  CHECK(again.status != 0);
  CHECK(again.lines() == 1);
  CHECK_MESSAGE(again.says("has finished (checkpoint 1, taken "), again.printed);
  CHECK(again.says("--start-over drops that state and begins anew"));
  CHECK(place.counts() == counts);

  const Ended resumed = place.count({"--resume"});
  CHECK(resumed.status == 0);
  CHECK_MESSAGE(resumed.says("the job has finished already (checkpoint 1, taken "), resumed.printed);
  CHECK(place.counts() == counts);

  std::ofstream(place / "words.txt") << "d\n";
  CHECK(place.count({"--start-over"}).status == 0);
  CHECK(place.counts() == "word,count\nd,1\n");
}

TEST_CASE("a stopped job is continued only when that is asked for, from the checkpoint that it says") {
  const Place place;
  const Arguments stored = {"--state-dir", place / "state"};
  {
    Endless job(place, stored);
    const Ended stopped = job.stop();
    CHECK(stopped.status == 0);
    CHECK_MESSAGE(stopped.says("; --resume continues from there"), stopped.printed);
  }
  const Ended refused = place.run("monitoring", stored);
  CHECK(refused.status != 0);
  CHECK_MESSAGE(refused.says("holds state of this job (checkpoint 1, taken "), refused.printed);
  CHECK(refused.says("--resume continues from it, --start-over drops it and begins anew"));

  Endless job(place, {"--state-dir", place / "state", "--resume"});
  wait_until([&] { return !job.printed().empty(); });
  const Ended resumed = job.stop();
  CHECK_MESSAGE(resumed.says("continuing from checkpoint 1, taken 20"), resumed.printed);
  CHECK(resumed.says(" in " + (place / "state")));
}

TEST_CASE("there being nothing to resume is said") {
  const Place place;
  const Ended ended = place.count({"--resume"});
  CHECK(ended.status == 0);
  CHECK_MESSAGE(ended.says("holds no checkpoint yet; starting from the beginning"), ended.printed);
}

TEST_CASE("a savepoint that is missing, or is to be the state directory too, is told before anything is made") {
  const Place place;
  const Ended missing = place.count({"--from-savepoint", place / "gone"});
  CHECK(missing.status == 1);
  CHECK(missing.printed == "word_count: error: there is no savepoint at " + (place / "gone") + ": no such directory\n");
  std::filesystem::create_directory(place / "other");
  CHECK(place.count({"--from-savepoint", place / "other"}).printed ==
        "word_count: error: " + (place / "other") + " is no savepoint: it has no file data.mdb\n");
  for (const std::string option : {"--from-savepoint", "--savepoint"}) {
    const Ended same = place.count({option, place / "./state"});
    CHECK(same.status == 2);
    CHECK(same.printed == "word_count: error: " + option + " and --state-dir are the same directory, " + (place / "./state") + "; name another one\n");
  }
  CHECK(!std::filesystem::exists(place / "state"));
}

TEST_CASE("figures are not written over input or output") {
  const Place place;
  CHECK(place.count({"--stats", place / "words.txt"}).says("option --stats would write into the input of source"));
  CHECK(place.count({"--stats", place / "counts.csv"}).says("option --stats would write into the output of sink"));
  CHECK(content_of(place / "words.txt") == "a b c\na b\n");
  CHECK(!std::filesystem::exists(place / "state"));
}

TEST_CASE("a run that fails leaves the output of an earlier one") {
  const Place place;
  REQUIRE(place.run("word_count", {"--input", place / "words.txt", "--output", place / "counts.csv"}).status == 0);
  const std::string before = place.counts();
  CHECK(place.run("word_count", {"--input", place / "gone.txt", "--output", place / "counts.csv"}).status == 1);
  CHECK(place.counts() == before);
}

TEST_CASE("an unknown option is refused with the one that may be meant") {
  const Place place;
  const Ended ended = place.run("word_count", {"--inptu", "x", "--nonsense=1"});
  CHECK(ended.printed == "word_count: error: there is no option --inptu (did you mean --input?), --nonsense; --help lists the options\n");
  CHECK(ended.status == 2);
  CHECK(place.run("word_count", {"words.txt"}).printed == "word_count: error: 'words.txt' belongs to no option; --help lists the options\n");
  CHECK(place.run("word_count", {}).printed ==
        "word_count: error: a required option is missing: --input (text files to read, such as 'books/*.txt'); --help lists the options\n");
}

TEST_CASE("help names types, units and defaults, and what is required") {
  const Place place;
  const Ended flights = place.run("flights", {"--help"});
  CHECK(flights.says("--window TIME [1d]"));
  CHECK(flights.says("--worst N [10]"));
  CHECK(flights.says("TIME is 250ms, 10s, 5min, 2h or 7d"));
  CHECK(flights.says("--parallelism N [one per core: "));
  const Ended words = place.run("word_count", {"--help"});
  CHECK(words.says("--input TEXT (required)"));
  CHECK_FALSE(words.says("\n\n\n"));
  CHECK(words.printed.ends_with("GiB.\n"));
  CHECK(place.run("cpu_average", {"--help"}).says("\n  --input TEXT (required)\n"));  // it has no more to say of it
}

TEST_CASE("a value that an option cannot have is refused with those that it can have") {
  const Place place;
  const auto refused = [&](const Arguments& arguments, const std::string& message) {
    const Ended ended = place.run("word_count", arguments);
    CHECK(ended.status == 2);
    CHECK(ended.printed == "word_count: error: " + message + "; --help lists the options\n");
  };
  refused({"--input", "x", "--parallelism", "x"}, "--parallelism wants a number from 1 to 32768, not 'x'");
  refused({"--input", "x", "--parallelism", "0"}, "--parallelism wants a number from 1 to 32768, not '0'");
  refused({"--input", "x", "--key-groups", "-1"}, "--key-groups wants a number from 1 to 32768, not '-1'");
  refused({"--input", "x", "--threads", "1025"}, "--threads wants a number from 0 to 1024, not '1025'");
  refused({"--input", "x", "--retain", "0"}, "--retain wants a number from 1 to 1000, not '0'");
  refused({"--input", "x", "--parallelism"}, "--parallelism wants a value");
  refused({"--input"}, "--input wants a value");
  refused({"--input", "--parallelism", "2"}, "--input wants a value");
  refused({"--parallelism", "--input", "x"}, "--parallelism wants a value");
  refused({"--input", "x", "--input", "y"}, "--input was given more than once");
  refused({"--input", "x", "--quiet=x"}, "'x' is no value for --quiet");
}

TEST_CASE("an option of the job's own that wants a number says what it wants") {
  const Place place;
  const auto refused = [&](const Arguments& arguments) { return place.run("slow_count", arguments).printed; };
  CHECK(refused({"--count"}) == "slow_count: error: --count wants a value; --help lists the options\n");
  CHECK(refused({"--count", "--output", place / "out.csv"}) == "slow_count: error: --count wants a value; --help lists the options\n");
  for (const std::string rate : {"inf", "nan"}) {
    CHECK(refused({"--count", "1", "--output", place / "out.csv", "--rate", rate}) == "slow_count: error: option --rate: '" + rate + "' is not a finite number\n");
  }
}

TEST_CASE("an empty path is refused by the source or sink that has it") {
  const Place place;
  const Ended in = place.run("word_count", {"--input", "", "--output", place / "counts.csv"});
  CHECK(in.status == 2);
  CHECK(in.printed == "word_count: error: source 'lines' has no path; name a file, a pattern or a directory\n");
  CHECK(place.run("slow_count", {"--count", "1", "--output", ""}).printed == "slow_count: error: sink 'file' has no path; name the file to write\n");
}

TEST_CASE("a plan is explained without the options that it does not depend on") {
  const Place place;
  const Ended ended = place.run("word_count", {"--explain", "--parallelism", "2"});
  CHECK(ended.status == 0);
  CHECK_MESSAGE(ended.says("1. lines -> split  (2 tasks)\n   => 2. count -> map -> console  (key)\n"), ended.printed);
  CHECK(ended.says("Assumed, since it was not given: --input <input>\n"));
  const Ended nexmark = place.run("nexmark", {"--explain"});
  CHECK_MESSAGE(nexmark.says("--query q0\n"), nexmark.printed);
}

TEST_CASE("what is plainly permanent is tried once") {
  const Place place;
  std::ofstream(place / "bad.csv") << "departure,origin,destination,delay_minutes,distance_miles\n2001-01-01,A,B,soon,1\n";
  const Ended ended = place.run("flights", {"--input", place / "bad.csv", "--airports", kData / "airports.csv", "--output", place / "worst.csv"});
  CHECK(ended.status == 1);
  CHECK_MESSAGE(ended.says("bad.csv:2:"), ended.printed);
  CHECK(!ended.says("restarting"));
  CHECK(!ended.says("times)"));
  CHECK(!std::filesystem::exists(place / ".worst.csv.uncommitted-0.1.0"));  // nothing would ever publish it
}

TEST_CASE("the end is told in one line with what came in and went out") {
  const Place place;
  const Ended ended = place.count({});
  CHECK_MESSAGE(ended.printed.starts_with("word_count: finished in "), ended.printed);
  CHECK(ended.printed.ends_with(" s: 2 records in, 5 out, 1 checkpoint\n"));
  CHECK(ended.lines() == 1);
}

TEST_CASE("two jobs do not share an output file, and neither does a job's output its input") {
  const Place place;
  Endless job(place);
  const Ended second = place.run("monitoring", {"--output", place / "report.csv"});
  CHECK(second.status != 0);
  CHECK_MESSAGE(second.says("report.csv: process "), second.printed);
  CHECK(second.says("is writing it; stop it first"));
  CHECK(job.stop().status == 0);
  CHECK(!std::filesystem::exists(place / ".report.csv.lock"));

  CHECK(place.run("word_count", {"--input", place / "words.txt", "--output", place / "words.txt"}).says("would write into the input"));
  CHECK(content_of(place / "words.txt") == "a b c\na b\n");
  CHECK(place.run("fraud", {"--output", place / "f.csv", "--suspicions", place / "./f.csv"}).says("would both write"));
}

TEST_CASE("two jobs do not share a state directory") {
  const Place place;
  Endless job(place, {"--state-dir", place / "state"});
  const Ended second = place.run("monitoring", {"--state-dir", place / "state", "--resume"});
  CHECK(second.status != 0);
  CHECK_MESSAGE(second.says("is in use by process "), second.printed);
}

TEST_CASE("a state directory that is deleted under a running job is noticed, and told ever more rarely") {
  const Place place;
  Endless job(place, {"--state-dir", place / "state", "--checkpoint-interval", "20ms"});
  wait_until([&] { return std::filesystem::exists(place / "report.csv"); });
  std::filesystem::remove_all(place / "state");
  wait_until([&] { return job.printed().find("(8 in a row)") != std::string::npos; });
  const Ended ended = job.stop();
  CHECK(ended.status == 1);
  CHECK_MESSAGE(ended.says("data.mdb was removed or replaced while it was in use"), ended.printed);
  CHECK(!ended.says("(3 in a row)"));
  CHECK(ended.says("the last checkpoint cannot be stored"));
}

TEST_CASE("a job with an enormous number of windows to fire stops at once, with and without a state directory") {
  for (const bool stored : {false, true}) {
    CAPTURE(stored);
    const Place place;
    Arguments arguments = {"--input", kData / "flights.csv", "--airports", kData / "airports.csv", "--slide", "1ms", "--output", place / "worst.csv"};
    if (stored) arguments.insert(arguments.end(), {"--state-dir", place / "state"});
    Process process(kPrograms / "flights", arguments, place / "printed");
    wait_until([&] { return std::filesystem::exists(place / ".worst.csv.uncommitted-0.1.0"); });
    process.signal(SIGINT);
    const auto status = process.wait_for(kPatience);
    REQUIRE_MESSAGE(status, "it does not stop");
    CHECK(*status == 0);
    CHECK(content_of(place / "printed").find("flights: stopped after ") != std::string::npos);
  }
}

TEST_CASE("a second interrupt ends a job at once that cannot stop") {
  const Place place;
  Process process(kPrograms / "flights", {"--input", kData / "flights.csv", "--airports", kData / "airports.csv", "--slide", "1ms",
                                          "--output", place / "worst.csv", "--alignment-limit", "1h"}, place / "printed");
  wait_until([&] { return std::filesystem::exists(place / ".worst.csv.uncommitted-0.1.0"); });
  process.signal(SIGTERM);
  wait_until([&] { return content_of(place / "printed").find("a second interrupt ends it at once") != std::string::npos; });
  process.signal(SIGTERM);
  CHECK(process.wait_for(kPatience) == 130);
}

TEST_CASE("numbers that make no sense are refused") {
  const Place place;
  for (const std::string worst : {"0", "-1"}) {
    CHECK(place.run("flights", {"--worst", worst}).printed == "flights: error: option --worst must be at least 1\n");
  }
  for (const auto& [rate, why] : {std::pair{"-1", "option --rate must be 0 or more"}, std::pair{"nan", "option --rate: 'nan' is not a finite number"}}) {
    const Ended flights = place.run("flights", {"--rate", rate});
    CHECK(flights.status == 2);
    CHECK(flights.printed == std::string("flights: error: ") + why + "\n");
  }
  CHECK(place.run("flights", {"--window", "0s"}).printed == "flights: error: aggregate 'delays': sliding: the size must be positive: 0ms\n");
  const Ended monitoring = place.run("monitoring", {"--interval", "0s"});
  CHECK(monitoring.status == 2);
  CHECK(monitoring.printed == "monitoring: error: option --interval must be longer than 0\n");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a system that refuses threads is told of in one line") {
  const Place place;
  const std::string command = "ulimit -v 2000000; exec " + (kPrograms / "word_count").string() + " --threads 1000 --input " + (place / "words.txt");
  const Ended ended = place.run("/bin/sh", {"-c", command});
  CHECK(ended.status == 1);
  CHECK(ended.lines() == 1);
  CHECK_MESSAGE(ended.says("word_count: error: cannot start 1008 threads: "), ended.printed);
}
#endif

TEST_CASE("rows and the progress line do not mix on a terminal") {
  if (!std::filesystem::exists("/usr/bin/script")) return;  // util-linux; it runs a command on a terminal of its own
  const Place place;
  const std::string query = " --query q0 --events 6000";
  REQUIRE(place.run("nexmark", {"--query", "q0", "--events", "6000", "--output", place / "bids.csv"}).status == 0);
  std::set<std::string> bids;
  std::istringstream file(content_of(place / "bids.csv"));
  for (std::string line; std::getline(file, line);) bids.insert(line);

  const std::string program = (kPrograms / "nexmark").string();
  const Ended ended = place.run("/usr/bin/script", {"-qec", program + query + " --throttle 2000 & sleep 1; kill -INT $!; wait $!", "/dev/null"});
  CHECK(ended.status == 0);
  // What a line shows is what follows the last time it was cleared.
  std::istringstream text(ended.printed);
  int rows = 0;
  for (std::string line; std::getline(text, line);) {
    line = line.substr(line.rfind("\033[K") + 3);
    line.erase(std::remove(line.begin(), line.end(), '\r'), line.end());
    if (bids.contains(line)) ++rows;
    else CHECK_MESSAGE(line.starts_with("nexmark-q0: stop"), line);
  }
  CHECK(rows > 10);
  CHECK(ended.says("\033[Knexmark-q0: "));
  CHECK(ended.says(" records in, "));
}
