#include <weir/coordination/known_leader.hpp>

namespace weir {

void KnownLeader::log_says(const std::string& address, std::uint64_t term, Standing standing) {
  here_ = standing == Standing::Leads && term >= term_;
  if (address.empty() || term < term_) return;
  address_ = address;
  term_ = term;
}

void KnownLeader::heard(const std::string& address, std::uint64_t term) {
  // That this node leads, or did before it was started anew, its own log knows better.
  if (address.empty() || address == self_ || term <= term_) return;
  here_ = false;
  address_ = address;
  term_ = term;
}

}  // namespace weir
