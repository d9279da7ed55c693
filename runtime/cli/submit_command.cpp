// `weir submit`.
#include <weir/cli/invocation.hpp>

#include <iostream>
#include <memory>
#include <random>
#include <utility>

#include <CLI/CLI.hpp>

#include <weir/base/text.hpp>
#include <weir/cli/answer.hpp>
#include <weir/cli/job_watch.hpp>
#include <weir/cli/printable.hpp>
#include <weir/cli/settings.hpp>
#include <weir/node/bundle.hpp>
#include <weir/node/job_description.hpp>
#include <weir/node/usage_text.hpp>
#include <weir/state/key_group.hpp>

namespace weir::cli {
namespace {

struct SubmitLine {
  std::filesystem::path bundle;
  std::vector<std::string> settings;
  api::SubmitRequest request;
  std::string interval;
  std::string restart_delay;
  bool wait = false;
  bool detach = false;
  bool options = false;
};

std::optional<std::uint32_t> milliseconds(const std::string& option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto duration = parse_duration(text);
  if (!duration) throw Misuse(option + ": " + duration.error().message);
  if (duration->count() <= 0) throw Misuse(option + " must be longer than 0");
  if (!std::in_range<std::uint32_t>(duration->count())) throw Misuse(option + " must be shorter than 49 days");
  return static_cast<std::uint32_t>(duration->count());
}

/// By which the cluster recognises this submit when it is said to a second node.
std::string new_token() {
  std::random_device random;
  std::string token;
  for (int i = 0; i < 4; ++i) token += std::to_string(random()) + (i < 3 ? "-" : "");
  return token;
}

/// What --set takes; the bundle tells it here, without a node.
void print_options(const SubmitLine& line) {
  const auto bundle = LoadedBundle::load(line.bundle);
  if (!bundle) throw Misuse(bundle.error().message);
  std::cout << describe_options(bundle->job()) << '\n';
}

void submit(Invocation& invocation, SubmitLine& line) {
  if (line.options) return print_options(line);
  if (line.wait && line.detach) throw Misuse("--wait waits for the job's end and --detach does not; give one of them");
  // What is no bundle is told before it is sent; whether it fits is the node's to say, which may be another Weir than this.
  if (const auto mark = read_bundle_mark(line.bundle); !mark) throw Misuse(mark.error().message);
  api::SubmitRequest request = line.request;
  try {
    request.options = parse_settings(line.settings);
  } catch (const Failure& failure) {
    throw Misuse(failure.what());
  }
  request.checkpoint_interval_ms = milliseconds("--checkpoint-interval", line.interval);
  request.restart.first_delay_ms = milliseconds("--restart-delay", line.restart_delay);
  request.token = new_token();

  ApiClient client(invocation.connection);
  request.bundle = answer<api::BundleInfo>(client.post_file("/bundles", line.bundle)).bundle;
  const std::string json = client.post("/jobs", api::to_json(request));
  const auto job = answer<api::JobInfo>(json);
  if (line.wait) {
    std::cerr << printable("submitted job " + std::to_string(job.id) + " " + job.name) << '\n';
    invocation.status = watch_job(client, "/jobs/" + std::to_string(job.id), invocation.output());
  } else if (invocation.json) {
    std::cout << json << '\n';
  } else {
    std::cout << printable("submitted job " + std::to_string(job.id) + " " + job.name) << '\n';
  }
}

}  // namespace

void add_submit_command(CLI::App& app, Invocation& invocation) {
  const auto line = std::make_shared<SubmitLine>();  // owned by the command
  api::SubmitRequest& request = line->request;
  CLI::App* command = app.add_subcommand("submit", "Runs a bundle as a job of the cluster");
  command->add_option("BUNDLE", line->bundle, "the job's shared object, as build/lib/jobs/word_count.so")->required();
  command->add_option("--set", line->settings, "an option of the job, as --options lists them; may be repeated; a flag: NAME=true")
      ->option_text("NAME=VALUE")->expected(1)->take_all();
  command->add_flag("--options", line->options, "print the job's options as JSON instead of running it");
  command->add_option("--parallelism", request.parallelism, "tasks per operator")
      ->option_text("N [1]")->check(whole_number(1, kMaxKeyGroups));
  command->add_option("--key-groups", request.key_groups, "units of keyed state; fixed for a job's life")
      ->option_text("N [128]")->check(whole_number(1, kMaxKeyGroups));
  command->add_option("--name", request.name, "what to call the job")->option_text("NAME [the bundle's]");
  command->add_option("--checkpoint-interval", line->interval, "time between checkpoints")->option_text("TIME [the node's]");
  command->add_option("--max-failures", request.restart.attempts, "tries at what fails the same way before the job fails")
      ->option_text("N [3]")->check(whole_number(1, kMostTries));
  command->add_option("--restart-delay", line->restart_delay, "before the first restart; doubles each time")->option_text("TIME [100ms]");
  command->add_option("--from-savepoint", request.from_savepoint,
                      "start with the state of a savepoint: an absolute path that every node can read")
      ->option_text("DIR")->check(absolute_path);
  command->add_flag("--wait", line->wait, "wait until the job has ended, and end as it did");
  command->add_flag("--detach", line->detach, "return at once, as without --wait");
  add_connection_options(*command, invocation);
  command->callback([line, &invocation] { submit(invocation, *line); });
}

}  // namespace weir::cli
