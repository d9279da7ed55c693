#include <weir/cli/api_client.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include <httplib.h>

#include <weir/base/http_status.hpp>
#include <weir/base/text.hpp>
#include <weir/node/api_types.hpp>
#include <weir/node/tls_files.hpp>

namespace weir::cli {
namespace {

constexpr auto kConnect = std::chrono::seconds(3);   // to a node that does not answer at all
constexpr auto kRead = std::chrono::seconds(15);     // for what a node knows, or the leader, once there is one
constexpr auto kAnswer = std::chrono::seconds(120);  // a submit waits until a worker has looked at the job and the log has it
constexpr std::size_t kLongestMessage = 500;

/// A port alone is one of this machine.
Address parse_node(const std::string& text) {
  if (text.find("://") != std::string::npos) {
    throw Misuse("--node: HOST:PORT is wanted, without http:// or https://; with --ca it is https");
  }
  const bool port = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const auto address = parse_address(port ? "127.0.0.1:" + text : text, kHttpPort);
  if (!address) throw Misuse("--node: " + address.error().message);
  return *address;
}

std::vector<Address> parse_nodes(const std::string& text) {
  std::vector<Address> nodes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    nodes.push_back(parse_node(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return nodes;
}

std::string read_token(const Connection& connection) {
  if (connection.token_file.empty()) {
    const char* token = std::getenv("WEIR_TOKEN");
    return token == nullptr ? "" : token;
  }
  const auto token = weir::read_token(connection.token_file);
  if (!token) throw Misuse(token.error().message);
  return *token;
}

enum class Speaking : std::uint8_t { Plain, Tls };

/// What is most likely wrong where somebody listens who does not answer.
std::string other_port() {
  return "; is it the node's --http, " + std::to_string(kHttpPort) +
         " unless told otherwise, not its --listen? Where it takes TLS only, give --ca";
}

std::string why(httplib::Error error, Speaking speaking) {
  switch (error) {
    case httplib::Error::Connection: return "nobody listens there, or it cannot be reached";
    case httplib::Error::ConnectionTimeout: return "no answer to the attempt to connect";
    case httplib::Error::SSLConnection: return "it does not speak TLS, or not with this --ca";
    case httplib::Error::SSLServerVerification: return "its certificate is not one of --ca, or not for this host";
    case httplib::Error::SSLLoadingCerts: return "the certificate given by --ca cannot be used";
    case httplib::Error::Read:
      return "the connection broke, or the answer took too long" + (speaking == Speaking::Plain ? other_port() : "");
    default: return "it failed: " + httplib::to_string(error);
  }
}

/// Only what surely did not reach the node may be said to another one.
bool not_sent(httplib::Error error) {
  return error == httplib::Error::Connection || error == httplib::Error::ConnectionTimeout || error == httplib::Error::SSLConnection ||
         error == httplib::Error::SSLServerVerification;
}

enum class Token : std::uint8_t { None, Given };

[[noreturn]] void refuse(const Address& node, const httplib::Response& response, Token token) {
  const auto said = api::from_json<api::ErrorInfo>(response.body);
  const std::string at = "node " + to_text(node);
  if (response.status == http::kUnauthorized || response.status == http::kForbidden) {
    throw Failure(at + (token == Token::None ? " wants a token" : " wants another token") + "; give it by --token-file or WEIR_TOKEN");
  }
  if (!said || said->error.empty()) {
    throw Failure(at + " answers with status " + std::to_string(response.status) + ", but not as a Weir node does; is --node its HTTP address?");
  }
  const std::string message = said->error.substr(0, kLongestMessage);
  if (response.status == http::kBadRequest) throw Misuse(message);
  if (response.status == http::kUnavailable) throw Unreachable(message);
  throw Failure(message);
}

}  // namespace

ApiClient::ApiClient(const Connection& connection) : nodes_(parse_nodes(connection.node)), token_(cli::read_token(connection)), ca_(connection.ca) {
  if (!ca_.empty() && !std::ifstream(ca_)) throw Misuse("cannot read the certificate " + ca_ + " given by --ca");
  for (const char c : token_) {
    if (c <= ' ' || c > '~') throw Misuse("the token has characters that HTTP does not carry");
  }
}

std::string ApiClient::get(const std::string& path) { return send({"GET", path, "", ""}); }

std::string ApiClient::post(const std::string& path, const std::string& json) { return send({"POST", path, json, "application/json"}); }

void ApiClient::remove(const std::string& path) { send({"DELETE", path, "", ""}); }

std::string ApiClient::post_file(const std::string& path, const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Misuse("cannot read " + file.string());
  return send({"POST", path, std::string(std::istreambuf_iterator<char>(in), {}), "application/octet-stream"});
}

std::string ApiClient::send(const Request& request) {
  std::string unreachable;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Address node = nodes_[i];
    // A scheme and an address in one, so that it speaks TLS or not.
    httplib::Client client((ca_.empty() ? "http://" : "https://") + to_text(node));
    client.set_connection_timeout(kConnect);
    client.set_read_timeout(request.method == "GET" ? kRead : kAnswer);
    client.set_write_timeout(kAnswer);
    if (!token_.empty()) client.set_bearer_token_auth(token_);
    if (!ca_.empty()) {
      client.set_ca_cert_path(ca_);
      client.enable_server_certificate_verification(true);
    }
    const std::string path = "/api/v1" + request.path;
    const httplib::Result result = request.method == "GET"      ? client.Get(path)
                                   : request.method == "DELETE" ? client.Delete(path)
                                                                : client.Post(path, request.body, request.type);
    if (!result) {
      unreachable += (unreachable.empty() ? "" : "; ") + ("node " + to_text(node) + " does not answer: " + why(result.error(), ca_.empty() ? Speaking::Plain : Speaking::Tls));
      if (not_sent(result.error()) || request.method == "GET") continue;  // to read twice does no harm
      break;
    }
    std::rotate(nodes_.begin(), nodes_.begin() + static_cast<std::ptrdiff_t>(i), nodes_.end());
    if (result->status / 100 != 2) refuse(node, *result, token_.empty() ? Token::None : Token::Given);
    return result->body;
  }
  throw Unreachable(unreachable + "; --node or WEIR_NODE names another");
}

}  // namespace weir::cli
