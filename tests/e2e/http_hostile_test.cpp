// The HTTP port under everything that is not a request: random bytes, requests bent out of shape, paths out of the directory,
// endless headers, connections that stop halfway. Afterwards it answers as before, nothing was changed, and memory has not
// grown. WEIR_SEED replays a run.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include <support/http_trial.hpp>
#include <weir/node/api_types.hpp>

namespace weir {
namespace {

using testing::HttpTrial;
using testing::HttpWire;

constexpr int kRequests = 10'000;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kMostGrowth = 512 << 20;  // bytes; a sanitizer keeps what is freed, and notes on every access
#else
constexpr std::size_t kMostGrowth = 64 << 20;   // bytes: what allocators keep
#endif

std::uint64_t seed() {
  const char* given = std::getenv("WEIR_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device{}();
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t whole = 0;
  std::size_t resident = 0;
  statm >> whole >> resident;
  return resident * 4096;
}

class Hostile {
 public:
  explicit Hostile(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }

  std::string bytes(std::size_t most) {
    std::string text(below(most + 1), '\0');
    for (char& c : text) c = static_cast<char>(below(256));
    return text;
  }

  /// A request that is mostly right.
  std::string request() {
    const std::string body = below(3) == 0 ? json() : "";
    std::string head = pick({"GET", "GET", "POST", "POST", "DELETE", "HEAD", "PUT", "OPTIONS", "CONNECT", "TRACE", "PRI", "get", ""}) + " " + path() + " " +
                       pick({"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "", "HTTP/1.1 x"}) + "\r\n";
    if (below(10) != 0) head += "Host: " + pick({"localhost", "localhost:1", "127.0.0.1", "evil.example", "[::1]", "", "%00"}) + "\r\n";
    for (std::size_t i = below(4); i > 0; --i) head += header();
    if (!body.empty()) head += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size() + (below(8) == 0 ? below(1000) : 0)) + "\r\n";
    return head + "\r\n" + body;
  }

  /// Bytes added, lost and changed; cut off somewhere.
  std::string bent(std::string text) {
    for (std::size_t i = below(4); i > 0 && !text.empty(); --i) {
      const std::size_t place = below(text.size());
      switch (below(4)) {
        case 0: text[place] = static_cast<char>(below(256)); break;
        case 1: text.erase(place, below(8)); break;
        case 2: text.insert(place, bytes(8)); break;
        default: text.insert(place, pick({"\r\n", "\n", std::string(1, '\0'), "\r\n\r\n", "%", "../", ": "})); break;
      }
    }
    if (below(4) == 0) text.resize(below(text.size() + 1));
    return text;
  }

  std::string path() {
    const std::string evil = pick({"..", "../../../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%252f..%252fetc/passwd", "....//....//etc/passwd", "%00", "1%00.log", "-1", "0", "1e9",
                                   "18446744073709551616", "{id}", "' OR 1=1", "%c0%ae%c0%ae/", "\\..\\..\\", "1;ls", "$(id)", "%", "%zz", "7", "1", std::string(300, '9'), std::string(1900, 'a')});
    switch (below(9)) {
      case 0: return "/api/v1/jobs/" + evil + pick({"", "/plan", "/tasks", "/checkpoints", "/logs", "/cancel", "/stop", "/savepoint", "/"});
      case 1: return "/api/v1/jobs/1/logs?lines=" + evil + "&attempt=" + evil;
      case 2: return "/api/v1/jobs/7/logs?attempt=" + evil;
      case 3: return "/api/v1/bundles/" + evil;
      case 4: return "/" + evil;
      case 5: return "/api/v1/" + evil;
      case 6: return "/internal/metrics" + pick({"", "/", "?x", "#x", "%20"});
      case 7: return pick({"/healthz", "/metrics", "/api/v1/nodes", "/api/v1/version", "/api/v1/openapi.json", "/api/v1/jobs", "*", "http://localhost/metrics", "//metrics", "/api/v1/../../metrics"});
      default: return "/api/v1/jobs";
    }
  }

  std::string header() {
    switch (below(14)) {
      case 0: return "X: " + std::string(below(12'000), 'x') + "\r\n";
      case 1: return "Content-Length: " + pick({"0", "1", "-1", "99999999999999999999", "18446744073709551615", "1,1", "0x1", "999999999"}) + "\r\n";
      case 2: return "Transfer-Encoding: " + pick({"chunked", "chunked, gzip", "\tchunked", "x"}) + "\r\n";
      case 3: return "Content-Encoding: " + pick({"gzip", "br", "deflate", "identity"}) + "\r\n";
      case 4: return "Range: bytes=" + pick({"0-0", "-1", "9-1", "0-99999999999999999999999"}) + std::string(below(500), ',') + "\r\n";
      case 5: return "Expect: 100-continue\r\n";
      case 6: return "Connection: " + pick({"close", "keep-alive", "Upgrade", "close, x"}) + "\r\n";
      case 7: return "Authorization: " + pick({"Bearer x", "Basic eDp5", "Bearer", ""}) + "\r\n";
      case 8: return "Accept-Encoding: " + pick({"gzip", "br", "gzip, br, deflate", "*"}) + "\r\n";
      case 9: return "Content-Type: " + pick({"multipart/form-data; boundary=x", "multipart/form-data", "application/json;", "text/plain", "application/octet-stream"}) + "\r\n";
      case 10: return "Origin: " + pick({"null", "http://evil.example", "http://localhost"}) + "\r\n";
      case 11: return bytes(40) + "\r\n";
      case 12: return std::string(below(200), 'h') + ":v\r\n";
      default: return " folded: value\r\n";
    }
  }

  std::string json() {
    return pick({"{}", "[]", "null", "{", std::string(50'000, '['), "{\"directory\": \"../../x\"}", "{\"directory\": \"/\\u0000\"}", "{\"bundle\": \"../../../etc/passwd\"}",
                 "{\"bundle\": \"" + std::string(64, 'f') + "\"}", "{\"name\": \"" + std::string(10'000, 'n') + "\"}", "{\"parallelism\": 1e400}", "\xff\xfe", "{\"a\":1,\"a\":2}", bytes(200)});
  }

 private:
  std::string pick(std::initializer_list<std::string> from) { return *(from.begin() + static_cast<std::ptrdiff_t>(below(from.size()))); }

  std::mt19937_64 random_;
};

HttpServerOptions patient() {
  HttpServerOptions options;
  options.body_timeout = std::chrono::milliseconds(300);  // for bodies that never come
  options.head_timeout = std::chrono::milliseconds(2'000);
  return options;
}

/// The status of the first answer, 0 if there is none. What is no answer of HTTP throws.
int first_status(HttpWire& wire) {
  wire.end_sending();
  const auto reply = wire.receive(HttpWire::Expects::HeadOnly);
  return reply ? reply->status : 0;
}

TEST_CASE("ten thousand requests that are none, or nearly one") {
  const std::uint64_t replay = seed();
  CAPTURE(replay);
  INFO("replay with WEIR_SEED=" << replay);
  Hostile hostile(replay);
  HttpTrial trial(patient());
  std::ofstream(trial.directory() / "secret.log") << "root:x:0:0\n";
  trial.with_control([](auto& control) { control.running_job("wc"); });
  std::vector<std::unique_ptr<HttpWire>> half_open;
  std::map<int, int> statuses;
  std::size_t before = 0;

  for (int i = 0; i < kRequests; ++i) {
    if (i == kRequests / 10) before = resident_bytes();
    auto wire = std::make_unique<HttpWire>(trial.port());
    const std::string text = hostile.below(5) == 0 ? hostile.bytes(3000) : hostile.bent(hostile.request());
    wire->send(text);
    if (hostile.below(10) == 0) {
      half_open.push_back(std::move(wire));  // said something, and says no more
      if (half_open.size() > 400) half_open.erase(half_open.begin(), half_open.begin() + 200);
    } else {
      ++statuses[first_status(*wire)];
    }
  }
  // What was sent came far enough to matter, and none of it was the daemon's fault.
  for (const int status : {0, 200, 400, 403, 404, 405, 411, 414, 415, 431}) {
    CAPTURE(status);
    CHECK(statuses[status] > 0);
  }
  CHECK(statuses[500] == 0);
  CHECK(resident_bytes() < before + kMostGrowth);

  half_open.clear();
  CHECK(trial.ask("GET", "/api/v1/version").status == 200);
  CHECK(trial.bundles().list().empty());
  trial.with_control([](auto& control) { CHECK(control.state().jobs().size() == 1); });
}

TEST_CASE("no path leads out of the logs or the bundles") {
  HttpTrial trial(patient());
  std::ofstream(trial.directory() / "secret.log") << "root:x:0:0\n";
  std::ofstream(trial.directory() / "logs" / "1-1.log") << "harmless\n";
  Hostile hostile(seed());
  for (int i = 0; i < 2'000; ++i) {
    HttpWire wire(trial.port());
    wire.send("GET " + hostile.path() + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const auto reply = wire.receive();
    if (reply) CHECK(reply->body.find("root:") == std::string::npos);
  }
}

TEST_CASE("headers without end cost no more than their limit") {
  HttpTrial trial(patient());
  const std::size_t before = resident_bytes();
  const std::string piece = "X-Header: " + std::string(1 << 20, 'x');
  for (int i = 0; i < 16; ++i) {
    HttpWire wire(trial.port());
    wire.send("GET / HTTP/1.1\r\n");
    for (int k = 0; k < 64 && wire.send(piece); ++k) {}
  }
  CHECK(resident_bytes() < before + kMostGrowth);
  CHECK(trial.ask("GET", "/api/v1/version").status == 200);
}

TEST_CASE("a thousand connections that stay half open keep nobody out") {
  HttpTrial trial(patient());
  const std::size_t before = resident_bytes();
  std::vector<std::unique_ptr<HttpWire>> wires;
  for (int i = 0; i < 900; ++i) {  // the test's own descriptors are counted too
    wires.push_back(std::make_unique<HttpWire>(trial.port()));
    if (i % 3 != 0) wires.back()->send(i % 3 == 1 ? "G" : "GET /metrics HTTP/1.1\r\nHost: local");
    if (i % 100 == 0) CHECK(trial.ask("GET", "/api/v1/version").status == 200);
  }
  CHECK(trial.ask("GET", "/api/v1/version").status == 200);
  CHECK(resident_bytes() < before + kMostGrowth);
}

TEST_CASE("requests on all connections whose bodies never come leave the node alive") {
  HttpServerOptions options;  // that waits for bodies longer than this test lasts
  options.threads = 2;
  options.connections = 8;
  HttpTrial trial(std::move(options));
  std::vector<std::unique_ptr<HttpWire>> slow;
  for (int i = 0; i < 100; ++i) {
    const bool upload = i % 2 == 0;
    slow.push_back(std::make_unique<HttpWire>(trial.port()));
    slow.back()->send("POST " + std::string(upload ? "/api/v1/bundles" : "/api/v1/jobs") + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nContent-Type: " +
                      (upload ? "application/octet-stream" : "application/json") + "\r\n\r\n");
    if (i % 10 == 0) CHECK(trial.ask("GET", "/livez").status == 200);
  }
  for (const char* path : {"/livez", "/healthz", "/metrics"}) {
    CAPTURE(path);
    CHECK(trial.ask("GET", path).status == 200);
  }
}

TEST_CASE("a client that takes no answers blocks nobody else") {
  HttpServerOptions options = patient();
  options.threads = 4;
  HttpTrial trial(std::move(options));
  trial.with_control([](auto& control) { for (int i = 0; i < 200; ++i) control.running_job(std::string(150, 'n')); });
  std::vector<std::unique_ptr<HttpWire>> deaf;
  std::string many;
  for (int i = 0; i < 50; ++i) many += "GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    deaf.push_back(std::make_unique<HttpWire>(trial.port()));
    deaf.back()->send(many);
  }
  for (int i = 0; i < 20; ++i) CHECK(trial.ask("GET", "/api/v1/version").status == 200);
}

}  // namespace
}  // namespace weir
