#include <weir/node/node_options.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <weir/base/text.hpp>
#include <weir/node/nearest_word.hpp>
#include <weir/node/tls_files.hpp>

namespace weir {
namespace {

Result<std::string> content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::error_code error;
  if (!in || std::filesystem::is_directory(file, error)) {
    return Error{"cannot read the configuration " + file.string() + ": " + (in ? "it is a directory" : std::strerror(errno))};
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

constexpr const char* kMakeCertificates =
    "; make them with 'weir cert ca' and 'weir cert node', and name them by --tls-certificate, --tls-key and --tls-ca";

/// What others can reach has certificates, and an address that they can use.
Result<void> check_exposure(const NodeOptions& options) {
  for (const auto& [name, address] : {std::pair{"--listen", &options.listen}, std::pair{"--http", &options.http}}) {
    if (is_loopback(*address) || options.tls.given()) continue;
    return Error{std::string(name) + " " + to_text(*address) + " can be reached from other machines and needs certificates" + kMakeCertificates};
  }
  if (!is_loopback(options.http) && options.token_file.empty()) {
    return Error{"--http " + to_text(options.http) + " can be reached from other machines and needs a token; write a secret of at least 16 " +
                 "characters to a file and name it by --token-file"};
  }
  if (is_wildcard(options.listen)) {
    return Error{"--listen " + to_text(options.listen) + " is no address at which other nodes find this one; give the name or address of this " +
                 "machine that they know, and the wildcard to --http only"};
  }
  return {};
}

}  // namespace

Result<NodeOptions> read_node_options(const NodeSources& sources) {
  NodeOptions options;
  if (!sources.file.empty()) {
    const auto text = content_of(sources.file);
    if (!text) return text.error();
    auto read = with_toml(std::move(options), *text, sources.file.string());
    if (!read) return read;
    options = std::move(*read);
  }
  for (const NodeSetting& setting : node_settings()) {
    const auto variable = sources.environment ? sources.environment(setting.variable()) : std::nullopt;
    if (!variable) continue;
    if (auto parsed = setting.parse(options, *variable); !parsed) return Error{setting.variable() + ": " + parsed.error().message};
  }
  for (const NodeSetting& setting : node_settings()) {
    const auto option = sources.options.find(setting.key);
    if (option == sources.options.end()) continue;
    if (auto parsed = setting.parse(options, option->second); !parsed) return Error{setting.option() + ": " + parsed.error().message};
  }
  return options;
}

std::vector<std::string> unknown_variables(const std::vector<std::string>& names) {
  const std::string prefix = "WEIR_NODE_";
  std::vector<std::string> known{"CONFIG"};
  for (const NodeSetting& setting : node_settings()) known.push_back(setting.variable().substr(prefix.size()));
  std::vector<std::string> told;
  for (const std::string& name : names) {
    if (!name.starts_with(prefix)) continue;
    const std::string rest = name.substr(prefix.size());
    if (std::find(known.begin(), known.end(), rest) != known.end()) continue;
    const auto meant = nearest_word(rest, known);
    told.push_back(name + " is the variable of no setting" + (meant ? "; " + prefix + *meant + " is one" : ""));
  }
  return told;
}

Result<void> check_node_options(const NodeOptions& options) {
  if (options.data.empty()) return Error{"--data is empty; name the directory that the node keeps its state in"};
  if (options.listen == options.http) return Error{"--listen and --http are both " + to_text(options.listen) + "; each needs a port of its own"};
  if (options.heartbeat * 2 > options.node_timeout) {
    return Error{"--node-timeout " + to_text(options.node_timeout) + " must be at least twice --heartbeat " + to_text(options.heartbeat) +
                 ": one late sign of life is no death"};
  }
  if (auto safe = check_exposure(options); !safe) return safe;
  if (options.tls.given()) {
    if (auto files = read_tls_files(options.tls); !files) return Error{files.error().message + kMakeCertificates};
  }
  if (!options.token_file.empty()) {
    if (auto token = read_token(options.token_file); !token) return token.error();
  }
  return {};
}

}  // namespace weir
