#include <weir/graph/program.hpp>

#include <iostream>
#include <map>

#include <CLI/CLI.hpp>

#include <weir/base/text.hpp>
#include <weir/node/embedded_run.hpp>

namespace weir {
namespace {

constexpr int kFailed = 1;
constexpr int kMisused = 2;
constexpr std::size_t kMostRetained = 1'000'000;  // a negative number reads as a huge one
constexpr std::uint32_t kMostThreads = 1024;  // far beyond what helps, and far below what a machine can start

/// The command line as name and value, before anyone knows which options there are: enough for the job to describe itself.
std::map<std::string, std::string> scan(int argc, char** argv) {
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

/// Everything a command line can say.
struct CommandLine {
  RunOptions run;
  std::map<std::string, std::string> job_options;
  std::map<std::string, bool> job_flags;
  std::string interval;
  std::string state_limit;
  std::string alignment_limit = "1s";
  std::string restart_delay = "100ms";
  bool explain = false;
};

/// An unset variable in a script would turn checkpoints off unnoticed.
std::string not_empty(const std::string& text) { return text.empty() ? "the name is empty" : ""; }

void add_engine_options(CLI::App& app, CommandLine& line) {
  const std::string group = "Running";
  app.add_option("--parallelism", line.run.plan.parallelism, "tasks per operator")->capture_default_str()->group(group)->type_name("N");
  app.add_option("--threads", line.run.job.threads, "worker threads; 0: one per core")->capture_default_str()->group(group)->type_name("N");
  app.add_option("--key-groups", line.run.plan.key_groups, "units of keyed state; fixed for a job's life")
      ->capture_default_str()->group(group)->type_name("N");
  app.add_option("--state-dir", line.run.state_dir, "directory for checkpoints; turns them on")->group(group)->type_name("DIR")->check(not_empty);
  app.add_option("--state-limit", line.state_limit, "the most that --state-dir may hold [what the disk holds]")
      ->group(group)->type_name("BYTES");
  app.add_option("--checkpoint-interval", line.interval, "time between checkpoints [10s]")->group(group)->type_name("TIME");
  app.add_option("--alignment-limit", line.alignment_limit, "after which a checkpoint barrier overtakes records")
      ->capture_default_str()->group(group)->type_name("TIME");
  app.add_option("--retain", line.run.job.retained, "complete checkpoints to keep")->capture_default_str()->group(group)->type_name("N");
  app.add_flag("--resume", line.run.resume, "continue from the newest checkpoint in --state-dir")->group(group);
  app.add_option("--from-savepoint", line.run.from_savepoint, "start with the state of a savepoint; with --resume: unless --state-dir has a checkpoint")->group(group)->type_name("DIR")
      ->check(not_empty);
  app.add_option("--savepoint", line.run.savepoint, "write a savepoint when the job stops or ends")->group(group)->type_name("DIR")
      ->check(not_empty);
  app.add_option("--max-failures", line.run.job.restart.attempts, "tries at what fails the same way before the job fails")
      ->capture_default_str()->group(group)->type_name("N");
  app.add_option("--restart-delay", line.restart_delay, "before the first restart; doubles each time")
      ->capture_default_str()->group(group)->type_name("TIME");
  app.add_flag("--explain", line.explain, "print the plan and exit")->group(group);
  app.add_flag("--quiet", line.run.quiet, "print results and errors only")->group(group);
  app.add_option("--stats", line.run.stats, "write the run's figures as JSON")->group(group)->type_name("FILE");
}

void add_job_options(CLI::App& app, CommandLine& line, const Options& described) {
  for (const DeclaredOption& option : described.declared()) {
    if (option.kind == DeclaredOption::Kind::Flag) {
      app.add_flag("--" + option.name, line.job_flags[option.name], option.spec.help)->group("Job");
      continue;
    }
    std::string help = option.spec.help;
    if (!option.spec.choices.empty()) {
      help += help.empty() ? "one of" : ": one of";
      for (const std::string& choice : option.spec.choices) help += " " + choice;
    }
    if (option.spec.fallback && !option.spec.fallback->empty()) help += " [" + *option.spec.fallback + "]";
    if (!option.spec.fallback) help += " (required)";
    app.add_option_function<std::string>(
           "--" + option.name, [&line, name = option.name](const std::string& value) { line.job_options[name] = value; }, help)
        ->group("Job")->type_name("VALUE");
  }
}

Duration duration_option(const std::string& name, const std::string& text) {
  auto duration = parse_duration(text);
  if (!duration) throw Failure("option --" + name + ": " + duration.error().message);
  return *duration;
}

std::uint64_t bytes_option(const std::string& name, const std::string& text) {
  auto bytes = parse_bytes(text);
  if (!bytes) throw Failure("option --" + name + ": " + bytes.error().message);
  return *bytes;
}

void resolve(CommandLine& line) {
  RunOptions& run = line.run;
  if (run.plan.parallelism == 0) throw Failure("option --parallelism must be at least 1");
  if (run.job.threads > kMostThreads) throw Failure("option --threads must be at most " + std::to_string(kMostThreads));
  if (run.job.retained == 0 || run.job.retained > kMostRetained) {
    throw Failure("option --retain must be between 1 and " + std::to_string(kMostRetained));
  }
  if (run.job.restart.attempts == 0) throw Failure("option --max-failures must be at least 1");
  if (!line.interval.empty() && run.state_dir.empty()) throw Failure("--checkpoint-interval needs --state-dir: checkpoints must go somewhere");
  if (run.resume && run.state_dir.empty()) throw Failure("--resume needs --state-dir: where the checkpoints are");
  if (!run.savepoint.empty() && run.state_dir.empty()) throw Failure("--savepoint needs --state-dir: savepoints are made from checkpoints");
  if (!run.state_dir.empty()) run.job.checkpoint.interval = duration_option("checkpoint-interval", line.interval.empty() ? "10s" : line.interval);
  if (!line.state_limit.empty()) run.state_limit_bytes = bytes_option("state-limit", line.state_limit);
  if (run.job.checkpoint.interval && run.job.checkpoint.interval->count() == 0) throw Failure("option --checkpoint-interval must be longer than 0");
  run.job.alignment_limit = duration_option("alignment-limit", line.alignment_limit);
  run.job.restart.first_delay = duration_option("restart-delay", line.restart_delay);
  for (const auto& [name, value] : line.job_flags) {
    if (value) line.job_options[name] = "true";
  }
}

int run(int argc, char** argv, const JobDefinition& job) {
  const Options described(scan(argc, argv), Options::Mode::Describe);
  job.build(described);

  CommandLine line;
  CLI::App app(job.summary.empty() ? "Runs the job '" + job.name + "' in this process." : job.summary, job.name);
  add_job_options(app, line, described);
  add_engine_options(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::cerr << job.name << ": error: " << error.what() << "; --help lists the options\n";
    return kMisused;
  }
  Plan plan;
  try {
    resolve(line);
    plan = Plan::make(job.build(Options(line.job_options)), line.run.plan);
  } catch (const Failure& failure) {
    std::cerr << job.name << ": error: " << failure.what() << '\n';
    return kMisused;
  }
  if (line.explain) {
    std::cout << plan.to_text();
    return 0;
  }
  return run_embedded(std::move(plan), line.run);
}

}  // namespace

int run_program(int argc, char** argv, const JobDefinition& job) {
  try {
    return run(argc, argv, job);
  } catch (const std::exception& exception) {
    std::cerr << job.name << ": error: " << exception.what() << '\n';
    return kFailed;
  }
}

}  // namespace weir
