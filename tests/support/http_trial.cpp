#include <support/http_trial.hpp>

#include <cstring>

#include <weir/base/version.hpp>
#include <weir/node/admin_api.hpp>
#include <weir/node/bundle.hpp>

#include <support/shared_object.hpp>

namespace weir::testing {
namespace {

constexpr auto kMark = bundle_mark("word_count");

}  // namespace

std::string fake_bundle(const std::string& version) {
  const Elf64_Ehdr header = shared_object_header();
  std::string mark(kMark.data(), kMark.size());
  if (!version.empty()) {
    mark.replace(mark.find(kVersion), std::strlen(kVersion), version);
    mark.resize(kMark.size());
  }
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + "code" + mark + "more code";
}

HttpTrial::HttpTrial(HttpServerOptions options) : bundles_(BundleStore::open(directory_ / "bundles").value()), token_(options.routes.token) {
  options.address = "127.0.0.1:0";
  options.routes.node = "a";
  options.routes.logs = directory_ / "logs";
  options.routes.bundles = &bundles_;
  options.routes.ask = [this](const std::shared_ptr<AdminCall>& call) { on_ask(call); };
  std::filesystem::create_directories(options.routes.logs);
  server_ = std::move(HttpServer::start(std::move(options)).value());
}

HttpTrial::~HttpTrial() { server_.reset(); }

void HttpTrial::on_ask(const std::shared_ptr<AdminCall>& call) {
  const std::lock_guard lock(mutex_);
  ++asked_;
  switch (leader_) {
    case Leader::Answers: return answer_admin_call_at(call, control_, {978'307'200'000});
    case Leader::Gone: return call->answer(503, R"({"error":"the cluster has no leader now; try again"})");
    case Leader::Silent: return unanswered_.push_back(call);
  }
}

HttpReply HttpTrial::ask(const std::string& method, const std::string& path, const std::string& body) const {
  return ask(WireRequest{.method = method, .path = path, .body = body});
}

HttpReply HttpTrial::ask(const WireRequest& request) const {
  WireRequest told = request;
  if (!token_.empty()) told.headers += "Authorization: Bearer " + token_ + "\r\n";
  return exchange(port(), told);
}

HttpReply HttpTrial::upload(const std::string& bytes) const {
  return ask(WireRequest{.method = "POST", .path = "/api/v1/bundles", .body = bytes, .type = "application/octet-stream"});
}

void HttpTrial::set_leader(Leader leader) {
  const std::lock_guard lock(mutex_);
  leader_ = leader;
}

void HttpTrial::with_control(const std::function<void(FakeClusterControl&)>& act) {
  const std::lock_guard lock(mutex_);
  act(control_);
}

std::size_t HttpTrial::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

}  // namespace weir::testing
