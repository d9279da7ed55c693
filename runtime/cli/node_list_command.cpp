// `weir nodes`, and with --forget what is to be done with one of them.
#include <weir/cli/invocation.hpp>

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include <weir/base/result.hpp>
#include <weir/cli/answer.hpp>
#include <weir/cli/printable.hpp>
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

/// By its name, its address or its id.
void forget(const Invocation& invocation, const std::string& which) {
  ApiClient client(invocation.connection);
  std::vector<api::NodeInfo> meant;
  for (api::NodeInfo& node : answer<api::NodeList>(client.get("/nodes")).nodes) {
    if (node.name == which || node.address == which || node.id == which) meant.push_back(std::move(node));
  }
  if (meant.empty()) throw Failure("there is no node '" + which + "'; 'weir nodes' lists them");
  if (meant.size() > 1) {
    throw Failure(std::to_string(meant.size()) + " nodes are called '" + which + "'; name one by its id, which 'weir nodes' shows");
  }
  const api::NodeInfo& node = meant.front();
  client.remove("/nodes/" + node.id);
  const std::string what = "node " + node.name + " at " + node.address + " is forgotten; should it come back, it is a node of the cluster again";
  std::cout << (invocation.json ? api::to_json(node) : printable(what)) << '\n';
}

}  // namespace

void add_node_list_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("nodes", "Lists the cluster's nodes");
  add_connection_options(*command, invocation);
  const auto which = std::make_shared<std::string>();  // owned by the command
  const CLI::Option* forgets =
      command->add_option("--forget", *which, "a node that is away and will not be back: by name, address or id")->option_text("NODE");
  command->callback([which, forgets, &invocation] { forgets->count() == 0 ? list(invocation) : forget(invocation, *which); });
}

}  // namespace weir::cli
