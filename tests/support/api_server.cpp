#include "support/api_server.hpp"

#include <mutex>
#include <stdexcept>
#include <thread>

#include <httplib.h>

namespace weir::testing {

class ApiServer::Impl {
 public:
  Impl(Answer answer, std::unique_ptr<httplib::Server> server) : answer_(std::move(answer)), server_(std::move(server)) {
    const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
      const ApiRequest asked{request.method, request.target, request.body, request.get_header_value("Authorization")};
      const std::lock_guard lock(mutex_);
      requests_.push_back(asked);
      const ApiReply reply = answer_(asked);
      response.status = reply.status;
      response.set_content(reply.body, "application/json");
    };
    server_->Get(".*", handle);
    server_->Post(".*", handle);
    server_->Delete(".*", handle);
    const int port = server_->bind_to_any_port("127.0.0.1");
    if (port <= 0) throw std::runtime_error("no port for a server of the test");
    port_ = static_cast<std::uint16_t>(port);
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();
  }
  ~Impl() {
    server_->stop();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  std::vector<ApiRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  Answer answer_;
  std::unique_ptr<httplib::Server> server_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<ApiRequest> requests_;
  std::thread thread_;
};

ApiServer::ApiServer(Answer answer) : impl_(std::make_unique<Impl>(std::move(answer), std::make_unique<httplib::Server>())) {}

ApiServer::ApiServer(Answer answer, const Tls& tls)
    : impl_(std::make_unique<Impl>(std::move(answer), std::make_unique<httplib::SSLServer>(tls.certificate.c_str(), tls.key.c_str()))) {}

ApiServer::~ApiServer() = default;

std::uint16_t ApiServer::port() const { return impl_->port(); }

std::vector<ApiRequest> ApiServer::requests() const { return impl_->requests(); }

}  // namespace weir::testing
