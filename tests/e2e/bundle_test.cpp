// One source is a program and a bundle: what the binary `weir` finds in a bundle, and that a bundle's job does in another
// process what the program does in its own.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include <weir/graph/local_run.hpp>
#include <weir/node/bundle.hpp>
#include <weir/node/job_plan.hpp>

#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::content_of;
using weir::testing::Process;
using weir::testing::TemporaryDirectory;

namespace {

const std::filesystem::path kPrograms = WEIR_BIN_DIR;
const std::filesystem::path kBundles = WEIR_BUNDLE_DIR;
constexpr std::chrono::milliseconds kPatience(60'000);

struct Ended {
  int status = -1;
  std::string printed;
};

Ended run(const std::string& program, const std::vector<std::string>& arguments, const TemporaryDirectory& directory) {
  Process process(kPrograms / program, arguments, directory / "printed");
  const auto status = process.wait_for(kPatience);
  REQUIRE_MESSAGE(status, program, " hangs");
  return {*status, content_of(directory / "printed")};
}

Ended describe(std::vector<std::string> arguments, const TemporaryDirectory& directory) {
  arguments.insert(arguments.begin(), {"worker", "--describe"});
  return run("weir", arguments, directory);
}

LoadedBundle load(const std::filesystem::path& file) { return LoadedBundle::load(file).or_throw(); }

std::string sorted(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("every example is a bundle that the binary weir can read") {
  const TemporaryDirectory directory;
  for (const std::string name : {"cpu_average", "flights", "fraud", "monitoring", "nexmark", "word_count"}) {
    CAPTURE(name);
    const auto bundle = load(kBundles / (name + ".so"));
    CHECK(bundle.mark() == own_bundle_mark(name));
    std::map<std::string, std::string> placeholders = described_options(bundle.job(), {}).placeholders();
    std::vector<std::string> arguments{(kBundles / (name + ".so")).string()};
    for (const auto& [option, value] : placeholders) arguments.insert(arguments.end(), {"--set", option + "=" + value});
    const Ended ended = describe(arguments, directory);
    CAPTURE(ended.printed);
    CHECK(ended.status == 0);
    const auto json = nlohmann::json::parse(ended.printed);
    CHECK(json["tasks"].get<int>() > 0);
  }
}

TEST_CASE("what is wrong with a bundle or its options is told in one line") {
  const TemporaryDirectory directory;
  const std::string bundle = (kBundles / "word_count.so").string();
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    const Ended ended = describe(arguments, directory);
    CHECK(ended.status == 2);
    CHECK(ended.printed == "weir: error: " + message + "\n");
  };
  refused({bundle}, "a required option is missing: --input (text files to read, such as 'books/*.txt'); options are given by --set NAME=VALUE");
  refused({bundle, "--set", "inptu=x"}, "there is no option --inptu (did you mean --input?); the job's are --input, --output");
  refused({bundle, "--set", "input=/nosuch/a", "--set", "output=/nosuch/b/../a"},
          "sink 'file' would write into the input of source 'lines': /nosuch/b/../a is read as /nosuch/a; name another file");
  refused({bundle, "--set", "=x"}, "--set wants NAME=VALUE, not '=x'");
  refused({(directory / "none.so").string()}, "bundle " + (directory / "none.so").string() + " does not exist");
  const std::string program = (kPrograms / "word_count").string();
  refused({program}, program + " is a program, not a bundle; bundles lie in lib/jobs of the build directory and end in .so");
}

TEST_CASE("a bundle for another Weir is refused before it is loaded") {
  const TemporaryDirectory directory;
  std::string bytes = content_of(kBundles / "word_count.so");
  const std::string own = std::string(kBundleMagicBegin).append(kBundleMagicEnd) + kVersion;
  const std::size_t at = bytes.find(own);
  REQUIRE(at != std::string::npos);
  bytes[at + own.size() - 1] = '9';
  std::ofstream(directory / "other.so", std::ios::binary) << bytes;
  const Ended ended = describe({(directory / "other.so").string(), "--set", "input=x"}, directory);
  CHECK(ended.status == 2);
  const BundleMark here = own_bundle_mark("word_count");
  std::string other = kVersion;
  other.back() = '9';
  CHECK(ended.printed == "weir: error: bundle word_count was built for Weir " + other + " (" + here.abi + "), this node is Weir " +
                             here.version + " (" + here.abi + "); build it against the node's Weir\n");
}

TEST_CASE("two copies of a bundle run in one process and give what the program gives") {
  const TemporaryDirectory directory;
  const std::string input = std::string(WEIR_SOURCE_DIR) + "/README.md";
  REQUIRE(run("word_count", {"--input", input, "--output", directory / "program.csv", "--quiet"}, directory).status == 0);

  std::filesystem::copy_file(kBundles / "word_count.so", directory / "copy.so");
  const auto first = load(kBundles / "word_count.so");
  const auto second = load(directory / "copy.so");
  for (const auto& [bundle, output] : {std::pair{&first, "first.csv"}, std::pair{&second, "second.csv"}}) {
    const Options options({{"input", input}, {"output", directory / output}});
    run_locally(bundle->job().build(options), {.parallelism = 2});
    CHECK(sorted(directory / output) == sorted(directory / "program.csv"));
  }
}

TEST_CASE("windows, joins and records of a bundle's own work in another process") {
  const TemporaryDirectory directory;
  const auto bundle = load(kBundles / "nexmark.so");
  for (const std::string query : {"q5", "q8"}) {
    CAPTURE(query);
    REQUIRE(run("nexmark", {"--query", query, "--events", "20000", "--output", directory / "program.csv", "--quiet"}, directory).status == 0);
    const Options options({{"query", query}, {"events", "20000"}, {"output", directory / "bundle.csv"}});
    run_locally(bundle.job().build(options), {.parallelism = 2});
    CHECK(sorted(directory / "bundle.csv") == sorted(directory / "program.csv"));
    CHECK_FALSE(sorted(directory / "program.csv").empty());
    for (const char* file : {"program.csv", "bundle.csv"}) std::filesystem::remove(directory / file);
  }
}

TEST_CASE("what a bundle throws is caught as what it is") {
  const auto bundle = load(kBundles / "word_count.so");
  CHECK_THROWS_AS(bundle.job().build(Options()), MissingOption);
}
