#include <weir/cli/invocation.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include <weir/base/exception_text.hpp>
#include <weir/base/text.hpp>
#include <weir/cli/printable.hpp>
#include <weir/node/nearest_word.hpp>
#include <weir/node/usage_text.hpp>

namespace weir::cli {
namespace {

constexpr const char* kFooter =
    "Exit status: 0 done, 1 failed, 2 misused, 3 no node answers, or none leads now.\n"
    "TIME is 250ms, 10s, 5min, 2h or 7d. 'weir COMMAND --help' says more of a command.";

int ended(int status, const std::string& message) {
  std::cerr << "weir: error: " << printable(message) << '\n';
  return status;
}

/// The command that was chosen, so far as it was understood.
const CLI::App& chosen(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  return commands.empty() ? app : chosen(*commands.front());
}

/// As it is typed: "weir cert ca".
std::string typed_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return (parent == nullptr ? "" : typed_name(*parent) + " ") + command.get_name();
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string did_you_mean(const std::string& typed, const std::vector<std::string>& names) {
  const auto meant = nearest_word(typed, names);
  return meant ? " (did you mean " + *meant + "?)" : "";
}

/// How an option that `submit` has not is given to the job: "--set input=words.txt". Its value may be the next of the `words`.
std::string as_setting(const std::string& option, const std::vector<std::string>& words) {
  const std::string setting = "--set " + option.substr(std::min(option.find_first_not_of('-'), option.size()));
  if (option.find('=') != std::string::npos) return setting;
  const auto at = std::find(words.begin(), words.end(), option);
  const bool alone = at == words.end() || at + 1 == words.end() || (at + 1)->starts_with("-") || (at + 1)->ends_with(".so");
  return setting + "=" + (alone ? "VALUE" : *(at + 1));
}

/// An option that the command has not: mistyped, in front of its command, or one of the job's.
std::string unknown_option(const CLI::App& app, const std::string& word, const std::vector<std::string>& words) {
  const CLI::App& command = chosen(app);
  const std::vector<std::string> names = option_names(command);
  const std::string typed = word.substr(0, word.find('='));
  if (std::find(names.begin(), names.end(), typed) != names.end()) {
    return typed + " stands behind the command: '" + typed_name(command) + " " + typed + " ...'";
  }
  const std::string job = command.get_name() == "submit" ? "; one of the job is given by " + as_setting(word, words) : "";
  return "there is no option " + typed + did_you_mean(typed, names) + "; '" + typed_name(command) + " --help' lists them" + job;
}

/// A word that nothing was made of: most likely a mistyped command or option.
std::string unknown(const CLI::App& app, const std::string& word, const std::vector<std::string>& words) {
  if (word.starts_with("-")) return unknown_option(app, word, words);
  const CLI::App& command = chosen(app);
  std::vector<std::string> names;
  for (const CLI::App* sub : command.get_subcommands({})) {
    if (!sub->get_group().empty()) names.push_back(sub->get_name());
  }
  const std::string what = names.empty() ? "'" + word + "' is one word too many" : "there is no command '" + word + "'";
  return what + did_you_mean(word, names) + "; '" + typed_name(command) + " --help' lists them";
}

/// Before options are read, which count more. (CLI11 would read variables for the commands that are not called, too, and after that.)
void read_variables(Connection& connection) {
  const auto set = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
  };
  if (const std::string node = set("WEIR_NODE"); !node.empty()) connection.node = node;
  connection.ca = set("WEIR_CA");
}

}  // namespace

void add_connection_options(CLI::App& command, Invocation& invocation) {
  Connection& connection = invocation.connection;
  command.add_option("--node", connection.node,
                     "node of the cluster to talk to, by its HTTP address; of several the first that answers; WEIR_NODE")
      ->option_text("HOST:PORT,... [" + Connection().node + "]")->group("Connection");
  command.add_option("--token-file", connection.token_file, "file with the cluster's token; WEIR_TOKEN has the token itself")->option_text("FILE")->group("Connection");
  command.add_option("--ca", connection.ca, "certificate of the cluster's authority: talk TLS; WEIR_CA")->option_text("FILE")->group("Connection");
  command.add_flag("--json", invocation.json, "print the node's answer as JSON")->group("Connection");
}

int run_weir(int argc, char** argv, const NodeProgram& node) {
  Invocation invocation;
  read_variables(invocation.connection);
  CLI::App app("Runs stream jobs on a cluster of nodes.", "weir");
  app.get_formatter()->column_width(44);
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough(false);
  app.set_version_flag("--version", own_version, "prints the version of this program");
  add_node_command(app, invocation, node);
  add_submit_command(app, invocation);
  add_job_commands(app, invocation);
  add_node_list_command(app, invocation);
  add_cert_command(app, invocation);
  add_completion_command(app, invocation);
  add_version_command(app, invocation);
  add_worker_command(app, invocation);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (const auto missing = missing_value(app, words)) {
    return ended(kMisused, missing->option + " wants a value; '" + typed_name(*missing->command) + " --help' says more");
  }
  try {
    app.parse(argc, argv);
    return invocation.status;
  } catch (const CLI::CallForHelp&) {
    std::cout << help_text(app);
    return kDone;
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::Error& error) {
    const CLI::App& command = chosen(app);
    const auto unread = app.remaining(true);
    // What is missing is most likely what was mistyped.
    if (!unread.empty()) return ended(kMisused, unknown(app, unread.front(), words));
    return ended(kMisused, told(error) + "; '" + typed_name(command) + " --help' says more");
  } catch (const Misuse& misuse) {
    return ended(kMisused, misuse.what());
  } catch (const Unreachable& unreachable) {
    return ended(kUnreachable, unreachable.what());
  } catch (const std::exception& exception) {
    return ended(kFailed, exception_text(exception));
  }
}

}  // namespace weir::cli
