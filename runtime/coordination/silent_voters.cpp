#include <weir/coordination/silent_voters.hpp>

namespace weir {

std::string silent_voters(const std::map<VoterId, std::string>& voters, const std::set<VoterId>& heard, const std::map<std::string, std::string>& names) {
  std::string silent;
  for (const auto& [voter, address] : voters) {
    if (!heard.contains(voter)) silent += (silent.empty() ? "" : ", ") + name_at(address, names);
  }
  return silent.empty() ? "" : "of its " + std::to_string(voters.size()) + " voters these do not answer: " + silent;
}

std::string name_at(const std::string& address, const std::map<std::string, std::string>& names) {
  const auto found = names.find(address);
  return found == names.end() || found->second == address ? address : "'" + found->second + "' at " + address;
}

}  // namespace weir
