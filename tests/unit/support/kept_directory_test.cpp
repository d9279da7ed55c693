#include <support/kept_directory.hpp>

#include <chrono>
#include <fstream>

#include <doctest/doctest.h>

#include <support/process.hpp>
#include <support/temporary_directory.hpp>

using namespace weir;
using testing::content_of;
using testing::TemporaryDirectory;

namespace {

/// One that a test left below `parent`, with a log.
std::filesystem::path left_below(const TemporaryDirectory& parent, const std::string& name) {
  const auto directory = parent / ("weir-test-" + name);
  std::filesystem::create_directories(directory / "cluster");
  std::ofstream(directory / "cluster" / "node0-1.log") << name;
  return directory;
}

}  // namespace

TEST_CASE("a directory is kept under another name, beside its own, without what is large") {
  const TemporaryDirectory parent;
  const auto directory = left_below(parent, "abc");
  std::ofstream(directory / "bundle") << "large";
  std::filesystem::resize_file(directory / "bundle", 20 << 20);
  const auto kept = testing::keep_directory(directory);
  REQUIRE(kept);
  CHECK(*kept == parent / "weir-failed-abc");
  CHECK(content_of(*kept / "cluster" / "node0-1.log") == "abc");
  CHECK_FALSE(std::filesystem::exists(directory));
  CHECK_FALSE(std::filesystem::exists(*kept / "bundle"));
}

TEST_CASE("only the newest are kept, and what others left stays") {
  const TemporaryDirectory parent;
  const auto other = left_below(parent, "other");
  auto time = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  for (const std::string name : {"one", "two", "three"}) {
    const auto kept = testing::keep_directory(left_below(parent, name), 2);
    REQUIRE(kept);
    std::filesystem::last_write_time(*kept, time += std::chrono::minutes(1));
  }
  CHECK_FALSE(std::filesystem::exists(parent / "weir-failed-one"));
  CHECK(std::filesystem::exists(parent / "weir-failed-two"));
  CHECK(std::filesystem::exists(parent / "weir-failed-three"));
  CHECK(std::filesystem::exists(other));
}

TEST_CASE("a directory has logs or not, and one that is gone cannot be kept") {
  const TemporaryDirectory parent;
  CHECK(testing::holds_logs(left_below(parent, "abc")));
  std::filesystem::create_directories(parent / "bare");
  std::ofstream(parent / "bare" / "printed") << "text";
  CHECK_FALSE(testing::holds_logs(parent / "bare"));
  CHECK_FALSE(testing::holds_logs(parent / "none"));
  CHECK_FALSE(testing::keep_directory(parent / "none"));
}
