#include <weir/node/worker_log.hpp>

#include <algorithm>
#include <fstream>

#include <doctest/doctest.h>

#include <support/temporary_directory.hpp>

namespace weir {
namespace {

using Lines = std::vector<std::string>;

class Logs {
 public:
  void write(const std::string& file, const std::string& text) const { std::ofstream(directory_ / file, std::ios::binary) << text; }
  std::vector<wire::WorkerLog> read(JobId job, std::uint64_t attempt = 0, std::uint32_t lines = 10, std::uint64_t bytes = 1 << 20) const {
    return read_worker_logs(directory_.path(), job, {0, attempt, lines, bytes});
  }
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  testing::TemporaryDirectory directory_;
};

TEST_CASE("the last lines of the newest attempt, by its number") {
  const Logs logs;
  logs.write("7-9.log", "old\n");
  logs.write("7-10.log", "one\ntwo\nthree");
  logs.write("7-11.txt", "no log\n");
  logs.write("7-x.log", "no log\n");
  logs.write("17-12.log", "another job\n");
  const auto newest = logs.read(7, 0, 2);
  REQUIRE(newest.size() == 1);
  CHECK(newest[0].attempt == 10);
  CHECK(newest[0].lines == Lines{"two", "three"});
  CHECK(logs.read(7, 9).at(0).lines == Lines{"old"});
}

TEST_CASE("where the newest attempt has few lines, those of the ones before it are there, and how their workers ended") {
  const Logs logs;
  logs.write("7-1.log", "long ago\n");
  logs.write("7-2.log", "");
  logs.write("7-3.log", "one\ntwo\nbacktrace\n");
  logs.write("7-3.end", "killed by signal 11 (Segmentation fault)\n");
  logs.write("7-4.log", "");
  logs.write("7-4.end", "exited with status 1\n");
  logs.write("7-5.log", "");
  const auto found = logs.read(7, 0, 2);
  REQUIRE(found.size() == 3);
  CHECK(found[0].attempt == 3);
  CHECK(found[0].ended == "killed by signal 11 (Segmentation fault)");
  CHECK(found[0].lines == Lines{"two", "backtrace"});
  CHECK(found[1].ended == "exited with status 1");
  CHECK(found[2].attempt == 5);
  CHECK(found[2].ended.empty());
  CHECK(found[2].lines.empty());
  CHECK(logs.read(7, 0, 10).front().lines == Lines{"long ago"});
}

TEST_CASE("a job without a log, and a node without logs") {
  const Logs logs;
  logs.write("7-1.log", "");
  std::filesystem::create_directory(logs.path() / "8-1.log");
  CHECK(logs.read(7).at(0).lines.empty());
  CHECK(logs.read(7, 2).empty());
  CHECK(logs.read(8).empty());
  CHECK(logs.read(9).empty());
  CHECK(read_worker_logs(logs.path() / "none", 7, {}).empty());
}

TEST_CASE("empty lines count, and one that never ends is cut") {
  const Logs logs;
  logs.write("1-1.log", "\n\na\n" + std::string(100'000, 'x') + "\nb\n");
  const auto log = logs.read(1).at(0);
  REQUIRE(log.lines.size() == 5);
  CHECK(log.lines[1].empty());
  CHECK(log.lines[3].size() == 4000);
  CHECK(log.lines[4] == "b");
}

TEST_CASE("of huge logs only the end is read, whole lines of it, whatever is wanted") {
  const Logs logs;
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "line " + std::to_string(i) + "\n";
  logs.write("1-1.log", text);
  const auto log = logs.read(1, 0, 4'000'000'000, ~std::uint64_t{0}).at(0);
  CHECK(log.lines.size() == kMostLogLines);
  CHECK(log.lines.back() == "line 299999");
  const auto part = logs.read(1, 0, kMostLogLines, 1000).at(0);
  CHECK(part.lines.size() > 20);
  CHECK(part.lines.front().starts_with("line 2999"));
  std::size_t bytes = 0;
  for (const std::string& line : part.lines) bytes += line.size() + 1;
  CHECK(bytes <= 1000);
}

TEST_CASE("a log that has begun anew goes on behind the one before it, also in the midst of a line") {
  const Logs logs;
  logs.write("7-1.log.old", "one\ntwo\nthr");
  logs.write("7-1.log", "ee\nfour\n");
  CHECK(logs.read(7, 0, 3).at(0).lines == Lines{"two", "three", "four"});
  CHECK(logs.read(7, 1, 1).at(0).lines == Lines{"four"});
  logs.write("7-1.log", "");
  CHECK(logs.read(7).at(0).lines == Lines{"one", "two", "thr"});
}

TEST_CASE("of a huge log nothing before it is read") {
  const Logs logs;
  std::string text;
  while (text.size() < 2 * kMostLogBytes) text += "new\n";
  logs.write("7-1.log.old", "old\n");
  logs.write("7-1.log", text);
  const auto lines = logs.read(7, 0, kMostLogLines, kMostLogBytes).at(0).lines;
  CHECK(lines.size() == kMostLogLines);
  CHECK(std::count(lines.begin(), lines.end(), "new") == kMostLogLines);
}

TEST_CASE("of long lines there are as many as have room") {
  const Logs logs;
  for (const char* file : {"1-1.log", "1-2.log"}) logs.write(file, std::string(3'000'000, 'x') + "\n" + std::string(1'000'000, 'y') + "\nlast\n");
  const auto found = logs.read(1, 0, kMostLogLines, kMostLogBytes);
  REQUIRE(found.size() == 2);
  CHECK(found[1].lines.back() == "last");
  std::size_t bytes = 0;
  for (const auto& log : found) {
    for (const std::string& line : log.lines) bytes += line.size();
  }
  CHECK(bytes <= kMostLogBytes);
  const auto none = logs.read(1, 0, 10, 0);
  REQUIRE(none.size() == 1);
  CHECK(none[0].lines.empty());
}

}  // namespace
}  // namespace weir
