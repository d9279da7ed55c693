// `weir node`: the daemon of a node, configured by whatever node/node_options.hpp lists.
#include <weir/cli/invocation.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <weir/base/text.hpp>
#include <weir/cli/printable.hpp>
#include <weir/node/node_options.hpp>

namespace weir::cli {
namespace {

struct NodeLine {
  std::filesystem::path file;
  std::map<std::string, std::vector<std::string>> given;  // by setting
  bool print = false;
  bool check = false;
};

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::string> all_variables() {
  std::vector<std::string> names;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text(*one);
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

NodeOptions read(const NodeLine& line) {
  NodeSources sources;
  sources.file = line.file;
  sources.environment = variable;
  for (const auto& [key, values] : line.given) {
    if (!values.empty()) sources.options[key] = joined(values, ",");
  }
  auto options = read_node_options(sources);
  if (!options) throw Misuse(options.error().message);
  return std::move(*options);
}

void run(Invocation& invocation, const NodeLine& line, const NodeProgram& node) {
  for (const std::string& told : unknown_variables(all_variables())) std::cerr << "weir: warning: " << printable(told) << '\n';
  const NodeOptions options = read(line);
  if (line.print) {
    std::cout << to_toml(options);
    return;
  }
  if (auto checked = check_node_options(options); !checked) throw Misuse(checked.error().message);
  if (line.check) return;
  invocation.status = node(options, std::filesystem::read_symlink("/proc/self/exe").string());
}

/// "HOST:PORT [127.0.0.1:7070]".
std::string takes(const NodeSetting& setting) {
  const std::string fallback = setting.print(NodeOptions());
  return setting.takes + (fallback.empty() ? "" : " [" + fallback + "]");
}

}  // namespace

void add_node_command(CLI::App& app, Invocation& invocation, const NodeProgram& node) {
  const auto line = std::make_shared<NodeLine>();  // owned by the command
  CLI::App* command = app.add_subcommand("node", "Runs a node: of a new cluster, or with --join of one that there is");
  command->footer("Every setting also is a variable, as WEIR_NODE_TLS_KEY is for --tls-key, and stands in the file that --print-config prints.\n"
                  "TIME is 250ms, 10s, 5min, 2h or 7d; BYTES is 512, 64KiB, 16MiB or 1GiB.");
  command->add_option("--config", line->file, "TOML file with settings; WEIR_NODE_CONFIG")->option_text("FILE")->envname("WEIR_NODE_CONFIG");
  command->add_flag("--print-config", line->print, "print all settings as TOML, with defaults and units, and exit");
  command->add_flag("--check-config", line->check, "check settings, certificates and token, and exit");
  for (const NodeSetting& setting : node_settings()) {
    CLI::Option* option = command->add_option(setting.option(), line->given[setting.key], setting.help)->option_text(takes(setting))->group("Settings");
    option->expected(1)->multi_option_policy(setting.kind == NodeSetting::Kind::List ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
  }
  command->callback([line, &invocation, node] { run(invocation, *line, node); });
}

}  // namespace weir::cli
