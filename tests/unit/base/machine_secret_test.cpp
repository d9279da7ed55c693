#include <weir/base/machine_secret.hpp>

#include <fstream>
#include <future>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;
namespace fs = std::filesystem;

TEST_CASE("all who ask get the same secret, also those who ask first at once") {
  const TemporaryDirectory directory;
  std::vector<std::future<Result<MachineSecret>>> asking;
  for (int i = 0; i < 8; ++i) asking.push_back(std::async(std::launch::async, [&] { return machine_secret_in(directory / "secrets"); }));
  std::set<MachineSecret> secrets;
  for (auto& one : asking) secrets.insert(one.get().or_throw());
  CHECK(secrets.size() == 1);
  CHECK(std::distance(fs::directory_iterator(directory / "secrets"), fs::directory_iterator()) == 1);
  CHECK((fs::status(directory / "secrets" / "secret").permissions() & fs::perms(077)) == fs::perms::none);
  CHECK(machine_secret_in(directory / "others").or_throw() != *secrets.begin());
}

TEST_CASE("a secret that was cleaned away is the same again for those who know it") {
  const TemporaryDirectory directory;
  const MachineSecret secret = machine_secret_in(directory / "secrets").or_throw();
  fs::remove_all(directory / "secrets");
  CHECK(machine_secret_in(directory / "secrets", secret).or_throw() == secret);
  CHECK(machine_secret_in(directory / "secrets").or_throw() == secret);
}

TEST_CASE("a directory that others can enter, or that is none, is refused by name") {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "open");
  fs::permissions(directory / "open", fs::perms(0755));
  std::ofstream(directory / "file") << "x";
  fs::create_directory_symlink(directory / "open", directory / "link");
  for (const char* name : {"open", "file", "link"}) {
    const auto refused = machine_secret_in(directory / name);
    REQUIRE(!refused);
    CHECK(refused.error().message.find((directory / name).string()) == 0);
  }
}

TEST_CASE("a secret that is too short is refused") {
  const TemporaryDirectory directory;
  REQUIRE(machine_secret_in(directory / "own"));
  std::ofstream(directory / "own" / "secret") << "short";
  CHECK(!machine_secret_in(directory / "own"));
}
