#include <doctest/doctest.h>

#include <fstream>
#include <random>

#include <weir/node/certificates.hpp>
#include <weir/node/node_options.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using testing::TemporaryDirectory;

namespace {

std::string refusal(const std::string& toml) {
  const auto options = with_toml({}, toml, "node.toml");
  return options ? "read" : options.error().message;
}

std::string refusal(const NodeOptions& options) {
  const auto checked = check_node_options(options);
  return checked ? "fine" : checked.error().message;
}

/// Options other than the defaults, in every value.
NodeOptions unusual() {
  NodeOptions options;
  options.listen = {"::1", 1};
  options.http = {"node-a", 2};
  options.data = "/data \"quoted\" \\ \xc3\xa4";
  options.join = {"a:1", "[::2]:3"};
  options.name = "node-a";
  options.slots = 3;
  options.eligible = false;
  options.replication = 5;
  options.heartbeat = Duration(1234);
  options.node_timeout = Duration(60'000);
  options.drain_timeout = Duration(3000);
  options.token_file = "token";
  options.log_level = LogLevel::Warning;
  options.tls = {"c.pem", "k.pem", "ca.pem"};
  options.worker = {.memory_bytes = (3ULL << 30) + 1, .hang_timeout = Duration(7000), .threads = 9};
  options.checkpoint = {.interval = Duration(1), .retained = 7, .alignment_limit = Duration(2), .store_bytes = 5 << 20};
  return options;
}

}  // namespace

TEST_CASE("the configuration that is printed reads back as the same") {
  for (const NodeOptions& options : {NodeOptions(), unusual()}) {
    const std::string text = to_toml(options);
    CAPTURE(text);
    const auto read = with_toml({}, text, "printed");
    REQUIRE_MESSAGE(read.ok(), refusal(text));
    CHECK(*read == options);
  }
}

TEST_CASE("every setting is printed with its help, unit, default, option and variable") {
  const std::string text = to_toml({});
  CHECK(text.find("# silence after which a node counts as dead\n# TIME, default \"5s\"; --node-timeout, WEIR_NODE_NODE_TIMEOUT\n"
                  "node_timeout = \"5s\"\n") != std::string::npos);
  CHECK(text.find("\n[tls]\n") != std::string::npos);
  CHECK(text.find("--tls-ca, WEIR_NODE_TLS_CA\nca = \"\"\n") != std::string::npos);
}

TEST_CASE("the file prevails over defaults, the environment over the file, an option over both") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "node.toml") << "slots = 1\nreplication = 1\nname = 'file'\n[worker]\nmemory = '1GiB'\n";
  NodeSources sources;
  sources.file = directory / "node.toml";
  sources.environment = [](const std::string& variable) -> std::optional<std::string> {
    if (variable == "WEIR_NODE_REPLICATION") return "3";
    if (variable == "WEIR_NODE_NAME") return "environment";
    if (variable == "WEIR_NODE_JOIN") return "a:1,b:2";
    return std::nullopt;
  };
  sources.options = {{"name", "option"}};
  const NodeOptions options = read_node_options(sources).value();
  CHECK(options.slots == 1);
  CHECK(options.replication == 3);
  CHECK(options.name == "option");
  CHECK(options.join == std::vector<std::string>{"a:1", "b:2"});
  CHECK(options.worker.memory_bytes == 1ULL << 30);
  CHECK(options.heartbeat == Duration(1000));
}

TEST_CASE("each source names itself when its value is refused") {
  NodeSources sources;
  sources.options = {{"tls.key", "k"}, {"slots", "many"}};
  CHECK(read_node_options(sources).error().message == "--slots: 'many' is no number from 0 to 100000");
  sources.options = {{"checkpoint.retained", "1001"}};
  CHECK(read_node_options(sources).error().message == "--checkpoint-retained: '1001' is no number from 1 to 1000");
  sources.options.clear();
  sources.environment = [](const std::string& variable) { return variable == "WEIR_NODE_HEARTBEAT" ? std::optional<std::string>("1") : std::nullopt; };
  CHECK(read_node_options(sources).error().message.starts_with("WEIR_NODE_HEARTBEAT: '1' is not a duration"));
  sources.environment = nullptr;
  sources.file = "/no/such/file.toml";
  CHECK(read_node_options(sources).error().message == "cannot read the configuration /no/such/file.toml: No such file or directory");
}

TEST_CASE("a variable of the node's kind that sets nothing is told, with the one that was meant") {
  CHECK(unknown_variables({"HOME", "WEIR_TOKEN", "WEIR_NODE_LISTEN", "WEIR_NODE_TLS_KEY", "WEIR_NODE_CONFIG"}).empty());
  CHECK(unknown_variables({"WEIR_NODE_LISTENN", "WEIR_NODE_SERVICE_PORT_HTTP"}) ==
        std::vector<std::string>{"WEIR_NODE_LISTENN is the variable of no setting; WEIR_NODE_LISTEN is one",
                                 "WEIR_NODE_SERVICE_PORT_HTTP is the variable of no setting"});
}

TEST_CASE("an unknown setting is refused with its line and the one that was meant") {
  CHECK(refusal("\nlisten = 'a:1'\nlisten_http = 'a:2'\n").starts_with("node.toml:3: there is no setting 'listen_http'"));
  CHECK(refusal("slot = 3") == "node.toml:1: there is no setting 'slot' (did you mean slots?); 'weir node --print-config' shows all");
  CHECK(refusal("[tls]\nkez = 'k'").starts_with("node.toml:2: there is no setting 'tls.kez' (did you mean tls.key?)"));
  CHECK(refusal("[tsl]\nkey = 'k'").starts_with("node.toml:1: there is no setting 'tsl'"));
  CHECK(refusal("[tls.more]\nkey = 'k'").starts_with("node.toml:1: there is no setting 'tls.more'"));
}

TEST_CASE("a value of another kind, or one that makes no sense, is refused with its line") {
  CHECK(refusal("slots = '3'") == "node.toml:1: slots: a whole number is wanted, without quotes");
  CHECK(refusal("slots = -1") == "node.toml:1: slots: '-1' is no number from 0 to 100000");
  CHECK(refusal("replication = 0") == "node.toml:1: replication: '0' is no number from 1 to 100000");
  CHECK(refusal("listen = 7070") == "node.toml:1: listen: a text in quotes is wanted");
  CHECK(refusal("coordinator = 1") == "node.toml:1: coordinator: true or false is wanted, without quotes");
  CHECK(refusal("join = 'a:1'").starts_with("node.toml:1: join: a list is wanted"));
  CHECK(refusal("join = ['a:1,b:1']").starts_with("node.toml:1: join: each element"));
  CHECK(refusal("join = ['a']").find("it has no port") != std::string::npos);
  CHECK(refusal("tls = 3").starts_with("node.toml:1: there is no setting 'tls'"));
  CHECK(refusal("slots = { a = 1 }") == "node.toml:1: slots: a whole number is wanted, without quotes");
  CHECK(refusal("heartbeat = '0s'") == "node.toml:1: heartbeat: it must be longer than 0");
  CHECK(refusal("log_level = 'loud'") == "node.toml:1: log_level: 'loud' is not one of debug, info, warning, error");
  CHECK(refusal("name = 'a b'").starts_with("node.toml:1: name: 'a b' is no name"));
  CHECK(refusal("name = \"a\\nb\"").starts_with("node.toml:1: name: 'a?b' is no name"));
  CHECK(refusal("\n\nslots = ").starts_with("node.toml:3: "));
  CHECK(refusal("slots = 1\nslots = 2").starts_with("node.toml:2: "));
}

TEST_CASE("no text makes reading fail otherwise than by an error") {
  std::mt19937_64 random(11);
  const std::string whole = to_toml(unusual());
  const std::string letters = "[]{}=\"'#.,\n\\-_0123456789aetlsZ \xff";
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = whole;
    for (auto changes = 1 + random() % 6; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) text[at] = letters[random() % letters.size()];
      else text.erase(at, random() % 20);
    }
    const auto read = with_toml({}, text, "random");
    if (read.ok()) continue;
    ++refused;
    CHECK(read.error().message.starts_with("random:"));
    CHECK(read.error().message.find('\n') == std::string::npos);
  }
  CHECK(refused > 100);
  for (const char* text : {"[", "[[", "[[[1]]]", "[[=", "[\xff", "a.", "a.=1", "=", "\"", "'''", "a = [", "a = {", "a = {b", "\xef\xbb\xbf", "\xc3"}) {
    const auto read = with_toml({}, text, "short");
    if (!read) CHECK(read.error().message.starts_with("short:"));
  }
  CHECK_FALSE(with_toml({}, "join = " + std::string(100'000, '['), "deep").ok());
}

TEST_CASE("a node that others can reach needs certificates and a token") {
  const TemporaryDirectory directory;
  NodeOptions options;
  CHECK(refusal(options) == "fine");
  options.listen = {"0.0.0.0", 7070};
  CHECK(refusal(options).starts_with("--listen 0.0.0.0:7070 can be reached from other machines and needs certificates; make them with 'weir cert ca'"));
  options.listen = {"127.0.0.1", 7070};
  options.http = {"::", 7071};
  CHECK(refusal(options).starts_with("--http [::]:7071 can be reached from other machines and needs certificates"));

  options.tls = {directory / "node.pem", directory / "node.key", directory / "ca.pem"};
  CHECK(refusal(options).starts_with("--http [::]:7071 can be reached from other machines and needs a token"));
  options.token_file = directory / "token";
  std::ofstream(directory / "token") << "0123456789abcdef\n";
  CHECK(refusal(options).starts_with("cannot read the certificate " + (directory / "node.pem").string() + ": it does not exist; make them with 'weir cert ca'"));

  REQUIRE(make_authority({.directory = directory / "ca"}).ok());
  REQUIRE(make_node_certificate({.authority = directory / "ca", .name = "node", .directory = directory.path()}).ok());
  CHECK(refusal(options) == "fine");
  options.listen = {"0.0.0.0", 7070};
  CHECK(refusal(options).starts_with("--listen 0.0.0.0:7070 is no address at which other nodes find this one"));
  options.listen = {"127.0.0.1", 7070};
  options.tls.ca.clear();
  CHECK(refusal(options).starts_with("TLS needs a certificate, its key and the authority's certificate; --tls-ca is missing"));
}

TEST_CASE("values that contradict each other are refused") {
  NodeOptions options;
  options.http = options.listen;
  CHECK(refusal(options) == "--listen and --http are both 127.0.0.1:7070; each needs a port of its own");
  options = {};
  options.node_timeout = Duration(1500);
  CHECK(refusal(options) == "--node-timeout 1500ms must be at least twice --heartbeat 1s: one late sign of life is no death");
  options = {};
  options.data.clear();
  CHECK(refusal(options).starts_with("--data is empty"));
}
