// `weir version`: of this binary, and of a node when one is asked.
#include <weir/cli/invocation.hpp>

#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include <weir/cli/answer.hpp>
#include <weir/cli/printable.hpp>
#include <weir/node/bundle.hpp>

namespace weir::cli {
namespace {

void print_own(Output output) {
  if (output == Output::Json) std::cout << api::to_json(api::VersionInfo{.version = own_bundle_mark("").version}) << '\n';
  else std::cout << own_version() << '\n';
}

void print_of_node(const Invocation& invocation) {
  const std::string json = ApiClient(invocation.connection).get("/version");
  if (invocation.json) std::cout << json << '\n';
  else std::cout << printable("node " + invocation.connection.node + ": weir " + answer<api::VersionInfo>(json).version) << '\n';
}

}  // namespace

std::string own_version() {
  const BundleMark own = own_bundle_mark("");
  return "weir " + own.version + " (" + own.abi + ")";
}

void add_version_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("version", "Prints the version of this program, or with --node that of a node");
  add_connection_options(*command, invocation);
  command->callback([command, &invocation] {
    if (command->get_option("--node")->count() > 0) print_of_node(invocation);
    else print_own(invocation.output());
  });
}

}  // namespace weir::cli
