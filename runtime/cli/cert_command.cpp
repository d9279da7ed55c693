// `weir cert`: a cluster's authority and the certificates of its nodes.
#include <weir/cli/invocation.hpp>

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include <weir/node/certificates.hpp>
#include <weir/node/usage_text.hpp>

namespace weir::cli {
namespace {

constexpr std::uint32_t kMostDays = 36'500;

void print(const Result<std::vector<std::filesystem::path>>& made) {
  if (!made) throw Failure(made.error().message);
  for (const auto& file : *made) std::cout << file.string() << '\n';
}

CLI::Option* add_days(CLI::App& command, Validity& validity) {
  return command.add_option("--days", validity.days, "how long it is valid")->option_text("N [" + std::to_string(validity.days) + "]")
      ->check(whole_number(1, kMostDays));
}

void add_ca(CLI::App& cert) {
  auto options = std::make_shared<AuthorityOptions>();  // owned by the command
  CLI::App* command = cert.add_subcommand("ca", "Makes a private authority: DIR/ca.pem for every node, and DIR/ca.key, to be kept away from them");
  command->add_option("--out", options->directory, "directory to write to")->required()->option_text("DIR");
  add_days(*command, options->validity);
  command->callback([options] { print(make_authority(*options)); });
}

void add_node(CLI::App& cert) {
  auto options = std::make_shared<NodeCertificateOptions>();  // owned by the command
  CLI::App* command = cert.add_subcommand("node", "Makes a node's certificate DIR/NAME.pem and key DIR/NAME.key, with ca.pem beside them");
  command->add_option("--ca", options->authority, "directory that 'weir cert ca' wrote to")->required()->option_text("DIR");
  command->add_option("--name", options->name, "the node's name")->required()->option_text("NAME");
  command->add_option("--host", options->hosts, "name or address that it is reached by; may be repeated; localhost always is one")
      ->option_text("HOST [NAME]")->expected(1)->take_all();
  command->add_option("--out", options->directory, "directory to write to")->required()->option_text("DIR");
  add_days(*command, options->validity);
  command->callback([options] { print(make_node_certificate(*options)); });
}

}  // namespace

void add_cert_command(CLI::App& app, Invocation&) {
  CLI::App* cert = app.add_subcommand("cert", "Makes certificates for nodes that other machines reach");
  cert->require_subcommand(1);
  add_ca(*cert);
  add_node(*cert);
}

}  // namespace weir::cli
