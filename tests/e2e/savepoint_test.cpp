// Savepoints as a user takes them: from the command line, and on to other parallelism and more input.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include <weir/state/checkpoint_store.hpp>

#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using weir::testing::content_of;
using weir::testing::Process;
using weir::testing::TemporaryDirectory;

namespace {

constexpr std::chrono::milliseconds kPatience(60'000);  // bounds a hung program; no test waits for it to pass

/// word_count over all text files of a directory.
class Counting {
 public:
  void write(const std::string& file, const std::string& text) { std::ofstream(directory_ / file) << text; }
  std::string place(const std::string& name) const { return directory_ / name; }

  /// The exit status; what was printed is in printed().
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--input", directory_ / "*.txt", "--output", directory_ / "counts.csv"});
    Process process(std::filesystem::path(WEIR_BIN_DIR) / "word_count", arguments, directory_ / "printed");
    const auto status = process.wait_for(kPatience);
    REQUIRE_MESSAGE(status, "word_count hangs");
    return *status;
  }
  std::string printed() const { return content_of(directory_ / "printed"); }
  std::vector<std::string> counts() const {
    std::istringstream text(content_of(directory_ / "counts.csv"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    std::sort(lines.begin(), lines.end());
    return lines;
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("a run from a savepoint, at another parallelism, and the one before it give what one run gives") {
  Counting whole;
  whole.write("a.txt", "the cat and the dog\n");
  whole.write("b.txt", "the end\na dog\n");
  REQUIRE(whole.run({"--parallelism", "2"}) == 0);

  Counting parts;
  parts.write("a.txt", "the cat and the dog\n");
  REQUIRE(parts.run({"--parallelism", "1", "--state-dir", parts.place("one"), "--savepoint", parts.place("savepoint")}) == 0);
  CHECK_MESSAGE(parts.printed().find("word_count: savepoint written to " + parts.place("savepoint") + "\n") != std::string::npos, parts.printed());
  parts.write("b.txt", "the end\na dog\n");
  REQUIRE_MESSAGE(parts.run({"--parallelism", "3", "--state-dir", parts.place("two"), "--from-savepoint", parts.place("savepoint")}) == 0,
                  parts.printed());
  CHECK(parts.counts() == whole.counts());
}

TEST_CASE("a store in which no checkpoint is complete is no savepoint to start from") {
  Counting counting;
  counting.write("a.txt", "a b\n");
  REQUIRE(weir::CheckpointStore::open(counting.place("empty"), {.job = "word_count", .weir_version = "test"}).ok());
  Process refused(std::filesystem::path(WEIR_BIN_DIR) / "word_count",
                  {"--input", counting.place("a.txt"), "--output", counting.place("out.csv"), "--from-savepoint", counting.place("empty")}, counting.place("refused"));
  CHECK(refused.wait_for(kPatience) == 1);
  CHECK(content_of(counting.place("refused")).find(counting.place("empty") + " holds no complete checkpoint to start from") != std::string::npos);
}

TEST_CASE("a savepoint of another job is refused with both named, before anything is made") {
  Counting counting;
  counting.write("a.txt", "a b\n");
  REQUIRE(counting.run({"--state-dir", counting.place("state"), "--savepoint", counting.place("savepoint")}) == 0);
  Process other(std::filesystem::path(WEIR_BIN_DIR) / "monitoring",
                {"--state-dir", counting.place("other"), "--from-savepoint", counting.place("savepoint"), "--output", counting.place("report.csv")},
                counting.place("refused"));
  CHECK(other.wait_for(kPatience) == 1);
  CHECK(content_of(counting.place("refused")) ==
        "monitoring: error: the savepoint in " + counting.place("savepoint") + " is of job 'word_count', not of 'monitoring'\n");
  CHECK_FALSE(std::filesystem::exists(counting.place("other")));
}

TEST_CASE("a savepoint is not written over another, which is found out before the job runs") {
  Counting counting;
  counting.write("a.txt", "a b\n");
  counting.write("taken", "a file");
  CHECK(counting.run({"--state-dir", counting.place("state"), "--savepoint", counting.place("taken")}) == 1);
  CHECK(counting.printed().find("taken: it exists already") != std::string::npos);
  CHECK(counting.counts().empty());
}
