// A daemon's HTTP port with a leader of the test's own behind it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <support/fake_cluster_control.hpp>
#include <support/http_wire.hpp>
#include <support/temporary_directory.hpp>
#include <weir/node/bundle_store.hpp>
#include <weir/node/http_server.hpp>

namespace weir::testing {

/// The bytes of a bundle that nobody can run, but that is one as far as can be seen. With another version: of another Weir.
std::string fake_bundle(const std::string& version = "");

class HttpTrial {
 public:
  explicit HttpTrial(HttpServerOptions options = {});
  ~HttpTrial();

  std::uint16_t port() const { return server_->port(); }
  /// Asks over HTTP.
  HttpReply ask(const std::string& method, const std::string& path, const std::string& body = "") const;
  HttpReply ask(const WireRequest& request) const;
  HttpReply upload(const std::string& bytes) const;

  /// The leader goes, or comes back.
  enum class Leader : std::uint8_t {
    Answers,
    Gone,    // the node says so at once
    Silent,  // nobody answers
  };
  void set_leader(Leader leader);
  /// Called on the leader's behalf, with its lock held.
  void with_control(const std::function<void(FakeClusterControl&)>& act);
  /// How many requests reached the leader.
  std::size_t asked() const;

  const std::filesystem::path& directory() const { return directory_.path(); }
  const BundleStore& bundles() const { return bundles_; }
  void stop() { server_.reset(); }

 private:
  void on_ask(const std::shared_ptr<AdminCall>& call);

  TemporaryDirectory directory_;
  BundleStore bundles_;
  std::string token_;
  mutable std::mutex mutex_;
  FakeClusterControl control_;
  Leader leader_ = Leader::Answers;
  std::size_t asked_ = 0;
  std::vector<std::shared_ptr<AdminCall>> unanswered_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace weir::testing
