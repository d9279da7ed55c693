#include "support/process_ports.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <unistd.h>

namespace weir::testing {
namespace {

/// Of a process that may end meanwhile, to read which is an error then: what could be read.
std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

std::vector<pid_t> processes_with(const std::vector<std::string>& words) {
  std::string wanted;
  for (const std::string& word : words) wanted += word + '\0';
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (text_of(entry.path() / "cmdline").find(wanted) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

std::vector<std::uint16_t> listening_ports(pid_t process) {
  const std::filesystem::path proc = "/proc/" + std::to_string(process);
  std::set<std::string> sockets;  // "socket:[12345]"
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(proc / "fd", error)) {
    const auto target = std::filesystem::read_symlink(entry.path(), error);
    if (!error) sockets.insert(target.string());
  }
  std::vector<std::uint16_t> ports;
  for (const char* table : {"net/tcp", "net/tcp6"}) {
    std::istringstream lines(text_of(proc / table));
    std::string line;
    std::getline(lines, line);  // the header
    while (std::getline(lines, line)) {
      std::istringstream fields(line);
      std::string number, local, remote, state, queues, timer, retries, user, timeout, inode;
      fields >> number >> local >> remote >> state >> queues >> timer >> retries >> user >> timeout >> inode;
      const bool listens = state == "0A" && sockets.contains("socket:[" + inode + "]");
      if (listens) ports.push_back(static_cast<std::uint16_t>(std::stoul(local.substr(local.find(':') + 1), nullptr, 16)));
    }
  }
  return ports;
}

std::size_t resident_bytes(pid_t process) {
  std::istringstream fields(text_of("/proc/" + std::to_string(process) + "/statm"));
  std::size_t all = 0, resident = 0;
  fields >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace weir::testing
