// `weir nodes`.
#include <weir/cli/invocation.hpp>

#include <iostream>

#include <CLI/CLI.hpp>

#include <weir/cli/answer.hpp>
#include <weir/cli/text_table.hpp>

namespace weir::cli {
namespace {

constexpr auto kRight = TextTable::Align::Right;

void list(const Invocation& invocation) {
  const std::string json = ApiClient(invocation.connection).get("/nodes");
  if (invocation.json) {
    std::cout << json << '\n';
    return;
  }
  TextTable table({{"NAME"}, {"STATUS"}, {"ROLE"}, {"SLOTS", kRight}, {"USED", kRight}, {"ADDRESS"}, {"HTTP"}, {"VERSION"}, {"ID"}});
  for (const api::NodeInfo& node : answer<api::NodeList>(json).nodes) {
    table.add({node.name, node.status, node.leader ? "leader" : node.eligible ? "eligible" : "worker", std::to_string(node.slots), std::to_string(node.slots_used), node.address, node.http, node.version, node.id});
  }
  std::cout << table.text();
}

}  // namespace

void add_node_list_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("nodes", "Lists the cluster's nodes");
  add_connection_options(*command, invocation);
  command->callback([&invocation] { list(invocation); });
}

}  // namespace weir::cli
