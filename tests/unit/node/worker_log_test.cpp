#include <weir/node/worker_log.hpp>

#include <fstream>

#include <doctest/doctest.h>

#include <support/temporary_directory.hpp>

namespace weir {
namespace {

using Lines = std::vector<std::string>;

class Logs {
 public:
  void write(const std::string& file, const std::string& text) const { std::ofstream(directory_ / file, std::ios::binary) << text; }
  std::optional<WorkerLog> read(JobId job, std::optional<std::uint64_t> attempt, std::size_t lines = 10) const {
    return read_worker_log(directory_.path(), job, attempt, lines);
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
  const auto log = logs.read(7, {}, 2);
  REQUIRE(log);
  CHECK(log->attempt == 10);
  CHECK(log->lines == Lines{"two", "three"});
  CHECK(logs.read(7, 9)->lines == Lines{"old"});
}

TEST_CASE("a job without a log, and a node without logs") {
  const Logs logs;
  logs.write("7-1.log", "");
  std::filesystem::create_directory(logs.path() / "8-1.log");
  CHECK(logs.read(7, {})->lines.empty());
  CHECK_FALSE(logs.read(7, 2));
  CHECK_FALSE(logs.read(8, {}));
  CHECK_FALSE(logs.read(9, {}));
  CHECK_FALSE(read_worker_log(logs.path() / "none", 7, {}, 10));
}

TEST_CASE("empty lines count, and one that never ends is cut") {
  const Logs logs;
  logs.write("1-1.log", "\n\na\n" + std::string(100'000, 'x') + "\nb\n");
  const auto log = logs.read(1, {});
  REQUIRE(log->lines.size() == 5);
  CHECK(log->lines[1].empty());
  CHECK(log->lines[3].size() == 4000);
  CHECK(log->lines[4] == "b");
}

TEST_CASE("of a huge log only the end is read, whole lines of it") {
  const Logs logs;
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "line " + std::to_string(i) + "\n";
  logs.write("1-1.log", text);
  const auto log = logs.read(1, {}, 1'000'000);
  CHECK(log->lines.size() < 100'000);
  CHECK(log->lines.size() > 50'000);
  CHECK(log->lines.front().starts_with("line 2"));
  CHECK(log->lines.back() == "line 299999");
  std::size_t bytes = 0;
  for (const std::string& line : log->lines) bytes += line.size() + 1;
  CHECK(bytes <= 1 << 20);
}

}  // namespace
}  // namespace weir
