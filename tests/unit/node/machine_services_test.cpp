// What a node's actors ask of the machine.
#include <doctest/doctest.h>

#include <sstream>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <weir/node/machine_services.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

TEST_CASE("a bundle that no job has is removed when it is older than a day, and the log says so") {
  const TemporaryDirectory directory;
  std::ostringstream lines;
  const auto log = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
  const auto services = MachineServices::open({.data = directory.path(), .worker = {}, .ended = [](WorkerEnd) {}, .log = log}).or_throw();
  const auto put = [&](const std::string& bytes, std::chrono::hours ago) {
    const std::string id = services->bundles().put(bytes).value();
    std::filesystem::last_write_time(services->bundle_file(id).value(), std::filesystem::file_time_type::clock::now() - ago);
    return id;
  };
  const std::string wanted = put("of a job that there is", std::chrono::hours(100));
  const std::string old = put("of a job that was forgotten", std::chrono::hours(25));
  const std::string young = put("of a job that is about to be submitted", std::chrono::hours(23));

  services->forget_bundles({wanted});
  CHECK(services->has_bundle(wanted));
  CHECK_FALSE(services->has_bundle(old));
  CHECK(services->has_bundle(young));
  CHECK(lines.str().find("bundle " + old + " is removed: no job has it any more") != std::string::npos);
  CHECK(lines.str().find(young) == std::string::npos);
}
