// Nodes on hosts of their own, which speak mutual TLS, are cut off from the others and come back: the job goes on with those that
// are a majority, and what the others still write is in no result.
#include <doctest/doctest.h>

#include <fstream>

#include "support/count_rows.hpp"
#include "support/daemons.hpp"
#include "support/network_hosts.hpp"
#include "support/temporary_directory.hpp"

using weir::testing::check_counts;
using weir::testing::count_job;
using weir::testing::Daemons;
using weir::testing::DaemonSetup;
using weir::testing::JobStatus;
using weir::testing::NetworkHosts;
using weir::testing::Process;
using weir::testing::TemporaryDirectory;

namespace {

void weir_command(const std::vector<std::string>& words, const std::filesystem::path& log) {
  Process command(std::filesystem::path(WEIR_BIN_DIR) / "weir", words, log);
  REQUIRE_MESSAGE(command.wait_for(std::chrono::seconds(60)) == 0, weir::testing::content_of(log));
}

}  // namespace

TEST_CASE("a node that is cut off, the leader too, costs no row, and is used again once it is back") {
  const TemporaryDirectory directory;
  const auto hosts = NetworkHosts::make(3);
  if (!hosts) {
    MESSAGE("skipped: this user may not make network namespaces");
    return;
  }
  const auto keys = directory / "keys";
  const auto log = directory / "cert.log";
  weir_command({"cert", "ca", "--out", keys.string()}, log);
  const auto token = directory / "token";
  std::ofstream(token) << "token-of-this-test-alone-0123456789\n";
  std::filesystem::permissions(token, std::filesystem::perms::owner_read);
  std::vector<DaemonSetup> setups;
  for (std::size_t host = 0; host < 3; ++host) {
    const std::string name = "node" + std::to_string(host);
    weir_command({"cert", "node", "--ca", keys.string(), "--name", name, "--host", hosts->address(host), "--out", keys.string()}, log);
    setups.push_back({hosts->address(host) + ":7070", hosts->address(host) + ":7071", hosts->launcher(host),
                      {"--tls-certificate", (keys / (name + ".pem")).string(), "--tls-key", (keys / (name + ".key")).string()}});
  }
  const std::string ca = (keys / "ca.pem").string();
  Daemons nodes(directory / "cluster", setups,
                {"--slots", "3", "--node-timeout", "2s", "--heartbeat", "200ms", "--tls-ca", ca, "--token-file", token.string()},
                {"--ca", ca, "--token-file", token.string()});
  const auto out = directory / "out.csv";
  constexpr std::int64_t kRecords = 600'000;  // 30 s at the least: the job must outlast the cuts
  const std::uint64_t job = nodes.submit("slow_count", count_job(out, kRecords));
  JobStatus now = nodes.await_checkpoint(job, 2);
  for (const bool leader : {false, true}) {
    const std::size_t victim = (nodes.leader() + (leader ? 0 : 1)) % 3;
    const std::uint64_t attempt = now.attempt;
    hosts->cut(victim);
    nodes.hide(victim);
    nodes.await_up(2);
    while (now.attempt == attempt) {
      REQUIRE_MESSAGE(!now.ended(), "the job came to its end before the cut was noticed");
      now = nodes.await_checkpoint(job, now.checkpoint);
    }
    hosts->heal(victim);
    nodes.show(victim);
    nodes.await_up(3);
    now = nodes.await_checkpoint(job, now.checkpoint);
  }
  const JobStatus end = nodes.await_end(job);
  CHECK_MESSAGE(end.status == "finished", end.message);
  check_counts(out, kRecords);
}
