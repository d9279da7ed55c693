#include <weir/actors/peer_book.hpp>

#include <fstream>
#include <future>

#include <doctest/doctest.h>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;
using Addresses = std::vector<std::string>;

namespace {

/// Notes what a process comes to know, and ends when it is written.
void know(const std::filesystem::path& data, const std::vector<std::pair<ClusterNodeId, std::string>>& nodes) {
  SerialThread disk;
  PeerBook book(data, disk);
  for (const auto& [node, address] : nodes) book.note(node, address);
  std::promise<void> written;
  disk.run([&] { written.set_value(); });
  written.get_future().wait();
}

Addresses known(const std::filesystem::path& data) {
  SerialThread disk;
  return PeerBook(data, disk).addresses();
}

}  // namespace

TEST_CASE("the next process knows where each node was reached last") {
  const TemporaryDirectory directory;
  CHECK(known(directory.path()).empty());
  know(directory.path(), {{7, "a:1"}, {9, "b:2"}, {7, "a:3"}});
  CHECK(known(directory.path()) == Addresses{"a:3", "b:2"});
  know(directory.path(), {{9, "b:4"}});
  CHECK(known(directory.path()) == Addresses{"a:3", "b:4"});
}

TEST_CASE("a book that was damaged is read as far as it makes sense") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "peers") << "7 a:1\n8 nonsense\nx b:2\n";
  CHECK(known(directory.path()) == Addresses{"a:1"});
  std::filesystem::remove(directory / "peers");
  std::filesystem::create_directory(directory / "peers");
  know(directory.path(), {{7, "a:1"}});
  CHECK(known(directory.path()).empty());
}
