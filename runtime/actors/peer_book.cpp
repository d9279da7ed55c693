#include <weir/actors/peer_book.hpp>

#include <fstream>
#include <system_error>
#include <utility>

#include <weir/base/address.hpp>

namespace weir {

PeerBook::PeerBook(std::filesystem::path data, SerialThread& disk) : file_(std::move(data) / "peers"), disk_(disk) {
  std::ifstream in(file_);
  ClusterNodeId node = 0;
  for (std::string address; in >> node >> address;) {
    if (parse_address(address)) known_[node] = address;
  }
}

std::vector<std::string> PeerBook::addresses() const {
  std::vector<std::string> all;
  for (const auto& [node, address] : known_) all.push_back(address);
  return all;
}

void PeerBook::note(ClusterNodeId node, const std::string& address) {
  std::string& known = known_[node];
  if (known == address) return;
  known = address;
  disk_.run([file = file_, all = known_] {
    const std::filesystem::path next = file.string() + ".new";
    {
      std::ofstream out(next, std::ios::trunc);
      for (const auto& [id, where] : all) out << id << ' ' << where << '\n';
      if (!out.flush()) return;
    }
    std::error_code ignored;
    std::filesystem::rename(next, file, ignored);
  });
}

}  // namespace weir
