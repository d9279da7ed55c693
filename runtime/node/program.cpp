#include <weir/graph/program.hpp>

#include <iostream>

#include <weir/base/exception_text.hpp>
#include <weir/node/command_line.hpp>
#include <weir/node/embedded_run.hpp>
#include <weir/node/exit_status.hpp>
#include <weir/node/job_plan.hpp>

namespace weir {
namespace {

void explain(const JobDefinition& job, const CommandLine& line) {
  const Options options(line.job_options, Options::Mode::Explain);
  const Plan plan = Plan::make(job.build(options), line.run.plan);
  std::cout << "Chains of operators; each task runs one chain. => tells which chain gets the records, and how they are dealt out.\n"
            << plan.to_text();
  for (const auto& [name, value] : options.placeholders()) std::cout << "Assumed, since it was not given: --" << name << ' ' << value << '\n';
}

/// Before anything runs, all that can be wrong is how the program was called.
int misused(const JobDefinition& job, const std::string& message) {
  std::cerr << job.name << ": error: " << message << '\n';
  return kMisused;
}

int run(int argc, char** argv, const JobDefinition& job) {
  const auto scanned = scan_command_line(argc, argv);
  const Options described = described_options(job, scanned);
  CommandLine line;
  Plan plan;
  try {
    auto said = [&] {
      try {
        return parse_command_line(argc, argv, job, described);
      } catch (const UnknownOption& misspelt) {
        throw Failure(refusal(job, scanned).value_or(misspelt.what()));
      }
    }();
    if (const auto* help = std::get_if<std::string>(&said)) {
      std::cout << *help;
      return 0;
    }
    line = std::move(std::get<CommandLine>(said));
    if (line.wanted == CommandLine::Wanted::Explain) {
      explain(job, line);
      return 0;
    }
    plan = Plan::make(job.build(Options(line.job_options)), line.run.plan);
  } catch (const MissingOption&) {
    return misused(job, missing_options(described, line.job_options) + "; --help lists the options");
  } catch (const Failure& failure) {
    return misused(job, failure.what());
  }
  return run_embedded(std::move(plan), line.run);
}

}  // namespace

int run_program(int argc, char** argv, const JobDefinition& job) {
  try {
    return run(argc, argv, job);
  } catch (const std::exception& exception) {
    std::cerr << job.name << ": error: " << exception_text(exception) << '\n';
    return kFailed;
  }
}

}  // namespace weir
