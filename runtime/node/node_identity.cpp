#include <weir/node/node_identity.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <random>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include <weir/base/clock.hpp>

namespace weir {
namespace {

Error cannot(const std::filesystem::path& file, const std::string& what, const std::string& why) {
  return Error{file.string() + " cannot be " + what + ": " + why};
}

/// Random and never 0; below 2^63, for those who count with signed numbers.
ClusterNodeId draw_id() {
  std::random_device random;
  for (;;) {
    const std::uint64_t id = (std::uint64_t{random()} << 32 | random()) >> 1;
    if (id != 0) return id;
  }
}

Result<void> write_identity(const std::filesystem::path& data, const NodeIdentity& identity) {
  const auto file = data / "identity";
  const auto made = data / "identity.new";
  std::ostringstream line;
  line << "weir node " << std::hex << std::setw(16) << std::setfill('0') << identity.id << std::dec << ' ' << identity.incarnation << '\n';
  const std::string text = line.str();
  const int out = ::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (out < 0) return cannot(made, "written", std::strerror(errno));
  const bool written = ::write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(out) == 0;
  const std::string why = std::strerror(errno);
  ::close(out);
  if (!written) return cannot(made, "written", why);
  std::error_code error;
  std::filesystem::rename(made, file, error);
  if (error) return cannot(file, "written", error.message());
  const int directory = ::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<StoreLock>> claim_data_directory(const std::filesystem::path& data) {
  std::error_code error;
  std::filesystem::create_directories(data, error);
  if (error) return cannot(data, "made", error.message());
  auto locked = StoreLock::exclusive(data, "give this node a directory of its own");
  if (!locked) return Error{"--data: " + locked.error().message};
  return locked;
}

Result<NodeIdentity> begin_incarnation(const std::filesystem::path& data) {
  std::error_code error;
  std::filesystem::create_directories(data, error);
  if (error) return cannot(data, "made", error.message());
  NodeIdentity identity;
  const auto file = data / "identity";
  if (std::filesystem::exists(file, error)) {
    std::ifstream in(file);
    std::string weir;
    std::string node;
    in >> weir >> node >> std::hex >> identity.id >> std::dec >> identity.incarnation;
    if (!in || weir != "weir" || node != "node" || identity.id == 0) {
      return Error{file.string() + " is damaged; restore it, or remove the whole of " + data.string() + " to come back as a new node"};
    }
  } else {
    identity.id = draw_id();
  }
  // A node that was taken for dead goes on under a later time without writing it down, so counting would not do.
  identity.incarnation = std::max(identity.incarnation + 1, static_cast<std::uint64_t>(SystemClock().now().ms));
  if (auto written = write_identity(data, identity); !written) return written.error();
  return identity;
}

}  // namespace weir
