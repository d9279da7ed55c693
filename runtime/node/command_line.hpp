// What the person who runs a job's program may say, and what they are told when it makes no sense. Options are the engine's
// and the job's own, as it declared them; the latter are handed on as text.
#pragma once

#include <map>
#include <string>
#include <variant>

#include <weir/graph/options.hpp>
#include <weir/graph/program.hpp>
#include <weir/node/embedded_run.hpp>

namespace weir {

struct CommandLine {
  RunOptions run;
  std::map<std::string, std::string> job_options;
  enum class Wanted : std::uint8_t { Run, Explain };
  Wanted wanted = Wanted::Run;
};

/// The options as name and value, before anyone knows which there are: enough for the job to describe itself.
std::map<std::string, std::string> scan_command_line(int argc, char** argv);

/// There is no such option. The job may have one that it did not ask for yet, since it refused another.
class UnknownOption final : public Failure {
 public:
  using Failure::Failure;
};

/// What was said; or that it was a request for help, with the text. Throws UnknownOption, and Failure when it makes no sense otherwise.
std::variant<CommandLine, std::string> parse_command_line(int argc, char** argv, const JobDefinition& job, const Options& described);

}  // namespace weir
