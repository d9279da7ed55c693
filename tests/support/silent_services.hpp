// A node's machine that does nothing and has nothing, for tests to override what they look at.
#pragma once

#include <set>
#include <string>

#include <weir/actors/node_services.hpp>

namespace weir::testing {

class SilentServices : public NodeServices {
 public:
  void start_worker(JobId, std::uint64_t, const std::string&) override {}
  void kill_worker(JobId, std::uint64_t, const std::string&) override {}
  bool has_bundle(const std::string&) override { return false; }
  Result<std::filesystem::path> bundle_file(const std::string& bundle) override { return none(bundle); }
  Result<std::string> read_bundle(const std::string& bundle, std::uint64_t, std::size_t) override { return none(bundle); }
  Result<void> keep_bundle(const std::string&, std::string_view) override { return {}; }
  void forget_bundles(const std::set<std::string>&) override {}
  void log(Level, const std::string&) override {}
  std::vector<wire::WorkerLog> read_logs(JobId, const wire::ReadWorkerLogs&) override { return {}; }

 private:
  static Error none(const std::string& bundle) { return Error{"there is no bundle " + bundle}; }
};

}  // namespace weir::testing
