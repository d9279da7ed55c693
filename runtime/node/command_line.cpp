#include <weir/node/command_line.hpp>

#include <algorithm>
#include <array>
#include <thread>

#include <CLI/CLI.hpp>

#include <weir/base/file_identity.hpp>
#include <weir/base/text.hpp>
#include <weir/coordination/cluster_state.hpp>
#include <weir/node/nearest_word.hpp>
#include <weir/node/usage_text.hpp>

namespace weir {
namespace {

constexpr std::uint32_t kMostThreads = 1024;  // far beyond what helps, and far below what a machine can start
constexpr const char* kUnits = "TIME is 250ms, 10s, 5min, 2h or 7d; BYTES is 512, 64KiB, 16MiB or 1GiB.";

/// The engine's options as they were written.
struct EngineText {
  std::optional<std::uint32_t> parallelism;
  std::string interval = "10s";
  bool interval_given = false;
  std::string state_limit;
  std::string alignment_limit = "1s";
  std::string restart_delay = "100ms";
  bool resume = false;
  bool start_over = false;
  bool explain = false;
  std::map<std::string, bool> job_flags;
};

/// An unset variable in a script would turn checkpoints off unnoticed.
std::string not_empty(const std::string& text) { return text.empty() ? "the name is empty" : ""; }

std::uint32_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

void add_engine_options(CLI::App& app, RunOptions& run, EngineText& text) {
  const auto option = [&](const std::string& name, auto& value, const std::string& takes, const std::string& help) {
    return app.add_option("--" + name, value, help)->group("Running")->option_text(takes);
  };
  const auto directory = [&](const std::string& name, auto& value, const std::string& help) {
    option(name, value, "DIR", help)->check(not_empty);
  };
  const auto flag = [&](const std::string& name, bool& value, const std::string& help) { app.add_flag("--" + name, value, help)->group("Running"); };

  option("parallelism", text.parallelism, "N [one per core: " + std::to_string(cores()) + "]", "tasks per operator")
      ->check(whole_number(1, kMaxKeyGroups));
  option("threads", run.job.threads, "N [0]", "worker threads; 0: one per core")->check(whole_number(0, kMostThreads));
  option("key-groups", run.plan.key_groups, "N [" + std::to_string(run.plan.key_groups) + "]",
         "units of keyed state; fixed for a job's life")
      ->check(whole_number(1, kMaxKeyGroups));
  directory("state-dir", run.state_dir, "directory for checkpoints; turns them on");
  option("state-limit", text.state_limit, "BYTES [what the disk holds]", "the most that --state-dir may hold");
  option("checkpoint-interval", text.interval, "TIME [10s]", "time between checkpoints")->each([&](const std::string&) { text.interval_given = true; });
  option("alignment-limit", text.alignment_limit, "TIME [1s]", "after which a checkpoint barrier overtakes records");
  option("retain", run.job.retained, "N [" + std::to_string(run.job.retained) + "]", "complete checkpoints to keep")
      ->check(whole_number(1, kMostRetained));
  flag("resume", text.resume, "continue from the newest checkpoint in --state-dir");
  flag("start-over", text.start_over, "drop the checkpoints in --state-dir and begin anew");
  directory("from-savepoint", run.from_savepoint, "start with the state of a savepoint; with --resume: unless --state-dir has a checkpoint");
  directory("savepoint", run.savepoint, "write a savepoint when the job stops or ends");
  option("max-failures", run.job.restart.attempts, "N [" + std::to_string(run.job.restart.attempts) + "]",
         "tries at what fails the same way before the job fails")->check(whole_number(1, kMostTries));
  option("restart-delay", text.restart_delay, "TIME [100ms]", "before the first restart; doubles each time");
  flag("explain", text.explain, "print the plan and exit");
  flag("quiet", run.quiet, "print results, warnings and errors only");
  option("stats", run.stats, "FILE", "write the run's figures as JSON");
}

void add_job_options(CLI::App& app, CommandLine& line, EngineText& text, const Options& described) {
  constexpr std::array kTypes = {"TEXT", "N", "X", "TIME", "BYTES"};
  for (const DeclaredOption& option : described.declared()) {
    if (option.kind == DeclaredOption::Kind::Flag) {
      app.add_flag("--" + option.name, text.job_flags[option.name], option.spec.help)->group("Job");
      continue;
    }
    const OptionSpec& spec = option.spec;
    std::string takes = spec.choices.empty() ? kTypes[static_cast<std::size_t>(option.kind)] : joined(spec.choices, "|");
    if (!spec.fallback) takes += " (required)";
    else if (!spec.fallback->empty()) takes += " [" + *spec.fallback + "]";
    app.add_option_function<std::string>(
           "--" + option.name, [&line, name = option.name](const std::string& value) { line.job_options[name] = value; }, spec.help)
        ->group("Job")->option_text(takes);
  }
}

void refuse_unknown(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  std::vector<std::string> unknown;
  for (const std::string& word : app.remaining()) {
    if (!word.starts_with("--")) continue;  // the value of an option, most likely
    const std::string option = word.substr(0, word.find('='));
    const auto meant = nearest_word(option, names);
    unknown.push_back(option + (meant ? " (did you mean " + *meant + "?)" : ""));
  }
  if (!unknown.empty()) throw UnknownOption("there is no option " + joined(unknown, ", ") + "; --help lists the options");
  if (app.remaining_size() > 0) throw UnknownOption("'" + app.remaining().front() + "' belongs to no option; --help lists the options");
}

/// A savepoint is a directory of its own.
void refuse_shared_directories(const RunOptions& run) {
  const auto refuse = [](const char* one, const std::filesystem::path& directory, const char* other, const std::filesystem::path& also) {
    if (directory.empty() || also.empty() || !same_file(directory, also)) return;
    throw Failure(std::string(one) + " and " + other + " are the same directory, " + directory.string() + "; name another one");
  };
  refuse("--from-savepoint", run.from_savepoint, "--state-dir", run.state_dir);
  refuse("--savepoint", run.savepoint, "--state-dir", run.state_dir);
  refuse("--savepoint", run.savepoint, "--from-savepoint", run.from_savepoint);
}

void resolve(RunOptions& run, const EngineText& text) {
  run.plan.parallelism = text.parallelism.value_or(std::min(cores(), std::max(1U, run.plan.key_groups)));
  if (run.state_dir.empty()) {
    if (text.interval_given) throw Failure("--checkpoint-interval needs --state-dir: checkpoints must go somewhere");
    if (text.resume) throw Failure("--resume needs --state-dir: where the checkpoints are");
    if (text.start_over) throw Failure("--start-over needs --state-dir: where the checkpoints are");
    if (!run.savepoint.empty()) throw Failure("--savepoint needs --state-dir: savepoints are made from checkpoints");
  }
  refuse_shared_directories(run);
  if (text.resume && text.start_over) throw Failure("--resume continues and --start-over begins anew; give one of them");
  run.start = text.resume ? StartMode::Resume : text.start_over ? StartMode::StartOver : StartMode::Start;
  const Duration interval = option_value("checkpoint-interval", parse_duration(text.interval));
  if (interval.count() == 0) throw Failure("option --checkpoint-interval must be longer than 0");
  if (!run.state_dir.empty()) run.job.checkpoint.interval = interval;
  if (!text.state_limit.empty()) run.state_limit_bytes = option_value("state-limit", parse_bytes(text.state_limit));
  run.job.alignment_limit = option_value("alignment-limit", parse_duration(text.alignment_limit));
  run.job.restart.first_delay = option_value("restart-delay", parse_duration(text.restart_delay));
}

}  // namespace

std::map<std::string, std::string> scan_command_line(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("--")) continue;
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) {
      given[word.substr(2, equals - 2)] = word.substr(equals + 1);
    } else if (i + 1 < argc && std::string_view(argv[i + 1]).substr(0, 2) != "--") {
      given[word.substr(2)] = argv[i + 1];
    } else {
      given[word.substr(2)] = "true";
    }
  }
  return given;
}

std::variant<CommandLine, std::string> parse_command_line(int argc, char** argv, const JobDefinition& job, const Options& described) {
  CommandLine line;
  EngineText text;
  CLI::App app(job.summary.empty() ? "Runs the job '" + job.name + "' in this process." : job.summary, job.name);
  app.get_formatter()->column_width(44);
  app.footer(kUnits);
  app.allow_extras();
  try {
    add_job_options(app, line, text, described);
    add_engine_options(app, line.run, text);
    const auto missing = missing_value(app, {argv + 1, argv + argc});
    if (missing) throw Failure(missing->option + " wants a value; --help lists the options");
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return help_text(app);
  } catch (const CLI::OptionAlreadyAdded& error) {
    throw Failure("the job asks for an option that every job has already; give it another name: " + std::string(error.what()));
  } catch (const CLI::Error& error) {
    throw Failure(told(error) + "; --help lists the options");
  }
  refuse_unknown(app);
  for (const auto& [name, given] : text.job_flags) {
    if (given) line.job_options[name] = "true";
  }
  resolve(line.run, text);
  if (text.explain) line.wanted = CommandLine::Wanted::Explain;
  return line;
}

}  // namespace weir
