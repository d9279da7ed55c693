// While nobody leads, people should hear which of the nodes that decide on a leader are missing, so that they know what to start. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include <weir/coordination/votes.hpp>

namespace weir {

/// "of its 3 voters these do not answer: 'b' at 10.0.0.2:7070". Empty when all that are known do. `voters` have the address that each
/// had when it got its vote, `names` are of nodes by address.
std::string silent_voters(const std::map<VoterId, std::string>& voters, const std::set<VoterId>& heard, const std::map<std::string, std::string>& names);

/// A node as people look for it: "'b' at 10.0.0.2:7070".
std::string name_at(const std::string& address, const std::map<std::string, std::string>& names);

}  // namespace weir
