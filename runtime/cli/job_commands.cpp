// `weir jobs`, `job`, `cancel`, `stop`, `savepoint`, `checkpoints`, `logs`, `forget`.
#include <weir/cli/invocation.hpp>

#include <iostream>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include <weir/base/backtrace_line.hpp>
#include <weir/base/text.hpp>
#include <weir/cli/answer.hpp>
#include <weir/cli/job_watch.hpp>
#include <weir/cli/printable.hpp>
#include <weir/cli/settings.hpp>
#include <weir/cli/text_table.hpp>
#include <weir/node/usage_text.hpp>
#include <weir/node/worker_log.hpp>

namespace weir::cli {
namespace {

constexpr auto kRight = TextTable::Align::Right;
constexpr std::size_t kValues = 16;  // the column in which a job's values begin

void print_json(const std::string& json) { std::cout << json << '\n'; }

void list_jobs(const Invocation& invocation) {
  const std::string json = ApiClient(invocation.connection).get("/jobs");
  if (invocation.json) return print_json(json);
  TextTable table({{"ID", kRight}, {"NAME"}, {"STATUS"}, {"PARALLELISM", kRight}, {"ATTEMPT", kRight}, {"CHECKPOINT", kRight}, {"SUBMITTED"}, {"ENDED"}, {"MESSAGE"}});
  for (const api::JobInfo& job : answer<api::JobList>(json).jobs) {
    table.add({std::to_string(job.id), job.name, job.status, std::to_string(job.parallelism), std::to_string(job.attempt),
               job.newest_checkpoint ? std::to_string(job.newest_checkpoint->id) : "-", time_text(job.submitted_ms), time_text(job.ended_ms), job.message});
  }
  std::cout << table.text();
}

void print_job(const api::JobInfo& job) {
  std::vector<std::string> options;
  for (const auto& [name, value] : job.options) options.push_back(name + "=" + value);
  const auto line = [](const std::string& name, const std::string& value) {
    if (!value.empty()) std::cout << name << std::string(kValues - name.size(), ' ') << printable(value) << '\n';
  };
  line("job", std::to_string(job.id) + " " + job.name);
  line("status", job.status + (job.message.empty() ? "" : ": " + job.message));
  line("bundle", job.bundle);
  line("options", joined(options, " "));
  line("parallelism", std::to_string(job.parallelism) + ", " + std::to_string(job.key_groups) + " key groups");
  line("attempt", job.attempt == 0 ? "none yet" : std::to_string(job.attempt));
  line("records", std::to_string(job.records_read) + " in, " + std::to_string(job.records_written) + " out in this attempt");
  line("checkpoint", job.newest_checkpoint ? std::to_string(job.newest_checkpoint->id) + ", taken " + time_text(job.newest_checkpoint->completed_ms) : "none yet");
  line("from savepoint", job.from_savepoint.value_or(""));
  line("savepoint", job.savepoint.value_or(""));
  line("submitted", time_text(job.submitted_ms));
  line("ended", job.ended_ms ? time_text(job.ended_ms) : "");
  std::string failure = "last failure";  // of an attempt that it names, and that may be long over
  for (const std::string& last : job.last_lines) line(std::exchange(failure, ""), last);
}

/// Chains of operators, and below each where its records go.
void print_plan(const api::PlanInfo& plan) {
  for (const api::VertexInfo& vertex : plan.vertices) {
    const std::string tasks = std::to_string(vertex.parallelism) + (vertex.parallelism == 1 ? " task" : " tasks");
    std::cout << printable(std::to_string(vertex.id) + ". " + vertex.name + "  (" + tasks + ")") << '\n';
    for (const api::EdgeInfo& edge : plan.edges) {
      if (edge.from == vertex.id) std::cout << printable("   => " + std::to_string(edge.to) + "  (" + edge.routing + ")") << '\n';
    }
  }
}

void print_tasks(const api::TaskList& list) {
  TextTable table({{"TASK", kRight}, {"NAME"}, {"NODE"}, {"IN", kRight}, {"OUT", kRight}, {"STATE", kRight}, {"WATERMARK"}});
  for (const api::TaskInfo& task : list.tasks) {
    // A source reads and a sink writes what no channel counts.
    table.add({std::to_string(task.id), task.name, task.node, std::to_string(task.records_in + task.records_read),
               std::to_string(task.records_out + task.records_written), bytes_text(task.state_bytes), time_text(task.watermark_ms)});
  }
  std::cout << table.text();
}

struct JobLine {
  std::string job;
  bool tasks = false;
  bool plan = false;
  std::string directory;
  bool wait = false;
  std::uint32_t lines = 200;
};

void show_job(const Invocation& invocation, const JobLine& line) {
  ApiClient client(invocation.connection);
  const std::string path = job_path(client, line.job);
  const std::string json = client.get(path + (line.plan ? "/plan" : line.tasks ? "/tasks" : ""));
  if (invocation.json) return print_json(json);
  if (line.plan) print_plan(answer<api::PlanInfo>(json));
  else if (line.tasks) print_tasks(answer<api::TaskList>(json));
  else print_job(answer<api::JobInfo>(json));
}

void list_checkpoints(const Invocation& invocation, const JobLine& line) {
  ApiClient client(invocation.connection);
  const std::string json = client.get(job_path(client, line.job) + "/checkpoints");
  if (invocation.json) return print_json(json);
  TextTable table({{"CHECKPOINT", kRight}, {"KIND"}, {"ATTEMPT", kRight}, {"COMPLETED"}, {"SIZE", kRight}, {"PARTS", kRight}});
  for (const api::CheckpointInfo& each : answer<api::CheckpointList>(json).checkpoints) {
    table.add({std::to_string(each.id), each.kind, std::to_string(each.attempt), time_text(each.completed_ms), bytes_text(each.bytes), std::to_string(each.parts)});
  }
  std::cout << table.text();
}

void print_logs(const Invocation& invocation, const JobLine& line) {
  ApiClient client(invocation.connection);
  const std::string json = client.get(job_path(client, line.job) + "/logs?lines=" + std::to_string(line.lines));
  if (invocation.json) return print_json(json);
  const auto list = answer<api::LogList>(json);
  for (const api::LogInfo& log : list.logs) {
    const std::string ended = log.ended ? ", its worker ended: " + *log.ended : "";
    std::cout << printable("==> node " + log.node + ", attempt " + std::to_string(log.attempt) + ended + " <==") << '\n';
    for (const std::string& each : log.lines) std::cout << printable_lines(readable_backtrace_line(each)) << '\n';
  }
  std::cout << std::flush;
  for (const std::string& node : list.silent) {
    std::cerr << printable("weir: node " + node + " does not answer: what the job may have printed there is missing") << '\n';
  }
}

/// The answer has no body, so what is printed is the job as it was.
void forget(const Invocation& invocation, const JobLine& line) {
  ApiClient client(invocation.connection);
  const std::string path = job_path(client, line.job, Meant::Ended);
  const std::string json = client.get(path);
  client.remove(path);
  if (invocation.json) return print_json(json);
  const auto job = answer<api::JobInfo>(json);
  std::cout << printable("job " + std::to_string(job.id) + " " + job.name + " is forgotten, with its checkpoints") << '\n';
}

/// What was asked of a job, and with --wait how it ended.
void ask(Invocation& invocation, const JobLine& line, const std::string& what, const std::string& request, const std::string& will) {
  ApiClient client(invocation.connection);
  const std::string path = job_path(client, line.job);
  const std::string json = client.post(path + "/" + what, request);
  const auto job = answer<api::JobInfo>(json);
  if (line.wait && !job.ended_ms) {
    invocation.status = watch_job(client, path, invocation.output());
  } else if (invocation.json) {
    print_json(json);
  } else {
    const std::string name = "job " + std::to_string(job.id) + " " + job.name;
    const bool made = job.ended_ms && job.savepoint && job.newest_checkpoint;  // of an ended job's checkpoint
    const std::string from = made ? "checkpoint " + std::to_string(job.newest_checkpoint->id) + " of " : "";
    const std::string what = made ? " (" + job.status + ") is now a savepoint, too: " + *job.savepoint
                                  : " " + will + "; now it is " + job.status;
    std::cout << printable(from + name + what) << '\n';
  }
}

/// A command about one job.
CLI::App* add(CLI::App& app, Invocation& invocation, const std::string& name, const std::string& help, const std::shared_ptr<JobLine>& line) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("JOB", line->job, "the job's number, or its name: of several, the newest that runs")->required();
  add_connection_options(*command, invocation);
  return command;
}

void add_asking(CLI::App& app, Invocation& invocation) {
  const auto line = std::make_shared<JobLine>();  // owned by the commands
  CLI::App* cancel = add(app, invocation, "cancel", "Ends a job where it is, without a last checkpoint", line);
  CLI::App* savepoint = add(app, invocation, "savepoint",
                            "Ends a job with a savepoint, from which another can start; of a job that has ended, makes one of its "
                            "last checkpoint", line);
  CLI::App* stop = add(app, invocation, "stop", "Ends a job with a last checkpoint", line);
  savepoint->add_option("DIRECTORY", line->directory, "where to write it, on the leader's node: an absolute path, at which nothing is yet")
      ->required()->check(absolute_path);
  for (CLI::App* command : {cancel, stop, savepoint}) {
    command->add_flag("--wait", line->wait, "return when the job has ended, not at once");
  }
  cancel->callback([line, &invocation] { ask(invocation, *line, "cancel", "{}", "will be cancelled"); });
  stop->callback([line, &invocation] { ask(invocation, *line, "stop", "{}", "will end with a last checkpoint"); });
  savepoint->callback([line, &invocation] {
    ask(invocation, *line, "savepoint", api::to_json(api::SavepointRequest{line->directory}), "will end with a savepoint in " + line->directory);
  });
}

}  // namespace

void add_job_commands(CLI::App& app, Invocation& invocation) {
  const auto line = std::make_shared<JobLine>();  // owned by the commands
  CLI::App* jobs = app.add_subcommand("jobs", "Lists the cluster's jobs");
  add_connection_options(*jobs, invocation);
  jobs->callback([&invocation] { list_jobs(invocation); });

  CLI::App* job = add(app, invocation, "job", "Shows a job", line);
  CLI::Option* tasks = job->add_flag("--tasks", line->tasks, "its tasks, and where they run");
  job->add_flag("--plan", line->plan, "its plan")->excludes(tasks);
  job->callback([line, &invocation] { show_job(invocation, *line); });

  add_asking(app, invocation);

  CLI::App* checkpoints = add(app, invocation, "checkpoints", "Lists a job's complete checkpoints", line);
  checkpoints->callback([line, &invocation] { list_checkpoints(invocation, *line); });

  CLI::App* logs = add(app, invocation, "logs", "Prints the last lines of a job's workers on all nodes", line);
  CLI::Option* lines = logs->add_option("--lines", line->lines, "how many of each node");
  lines->option_text("N [" + std::to_string(line->lines) + "]")->check(whole_number(1, kMostLogLines));
  logs->callback([line, &invocation] { print_logs(invocation, *line); });

  CLI::App* forgets = add(app, invocation, "forget", "Forgets a job that has ended, with its checkpoints", line);
  forgets->get_option("JOB")->description("the job's number, or its name: of several, the newest that has ended");
  forgets->callback([line, &invocation] { forget(invocation, *line); });
}

}  // namespace weir::cli
