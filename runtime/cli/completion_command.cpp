// `weir completion bash|zsh`: a script for the shell, made from the commands and options that there are.
#include <weir/cli/invocation.hpp>

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include <weir/base/text.hpp>
#include <weir/node/usage_text.hpp>

namespace weir::cli {
namespace {

/// The words that may follow a command: its subcommands and its options.
std::vector<std::string> words(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* sub : command.get_subcommands({})) {
    if (!sub->get_group().empty()) words.push_back(sub->get_name());
  }
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

/// A line of a shell's `case` for each command below this one, the longest first.
void add_cases(const CLI::App& command, const std::string& path, std::string& cases) {
  for (const CLI::App* sub : command.get_subcommands({})) {
    if (sub->get_group().empty()) continue;
    const std::string name = path.empty() ? sub->get_name() : path + " " + sub->get_name();
    add_cases(*sub, name, cases);
    cases += "    '" + name + "' | '" + name + " '*) words='" + joined(words(*sub), " ") + "' ;;\n";
  }
}

/// The words before the cursor that are no options name the command.
std::string script(const CLI::App& app) {
  std::string cases;
  add_cases(app, "", cases);
  return "_weir() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} command= word words\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    [[ $word == -* ]] || command=\"${command:+$command }$word\"\n"
         "  done\n"
         "  case $command in\n" +
         cases + "    '') words='" + joined(words(app), " ") +
         "' ;;\n"
         "    *) words= ;;\n"
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  [[ $current == -* ]] || COMPREPLY+=($(compgen -f -- \"$current\"))\n"
         "}\n"
         "complete -o filenames -F _weir weir\n";
}

}  // namespace

void add_completion_command(CLI::App& app, Invocation&) {
  const auto shell = std::make_shared<std::string>();  // owned by the command
  CLI::App* command = app.add_subcommand("completion", "Prints a script that completes commands and options in a shell: source <(weir completion bash)");
  command->add_option("SHELL", *shell, "bash or zsh")->required()->check(one_of({"bash", "zsh"}));
  command->callback([shell, &app] {
    if (*shell == "zsh") std::cout << "autoload -Uz bashcompinit && bashcompinit\n";
    std::cout << script(app);
  });
}

}  // namespace weir::cli
