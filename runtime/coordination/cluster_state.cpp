#include <weir/coordination/cluster_state.hpp>

#include <algorithm>
#include <set>

namespace weir {
namespace {

using Effect = Applied::Effect;

constexpr std::size_t kHashDigits = 64;  // of SHA-256

bool is_hash(const std::string& text) {
  return text.size() == kHashDigits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string name_of(const JobRecord& job) { return "job " + std::to_string(job.id) + " '" + job.spec.name + "'"; }

std::string_view text_of(JobWish wish) {
  switch (wish) {
    case JobWish::Run: return "run";
    case JobWish::Stop: return "stop";
    case JobWish::Savepoint: return "stop with a savepoint";
    case JobWish::Cancel: return "be cancelled";
  }
  return "end";
}

/// What makes a job contradict itself, empty if nothing does.
std::string contradiction(const JobRecord& job) {
  if (const auto right = check(job.spec); !right) return right.error().message;
  if (job.checkpoints_used < job.newest_checkpoint()) return "its newest checkpoint has a number that was never given";
  if (job.manifests.size() > job.spec.retained) return "it retains more checkpoints than it should";
  if (job.ending != 0 && job.ending != job.newest_checkpoint()) return "it ends with a checkpoint that is not its newest";
  const auto older = [](const Manifest& one, const Manifest& next) { return next.checkpoint >= one.checkpoint; };
  if (std::adjacent_find(job.manifests.begin(), job.manifests.end(), older) != job.manifests.end()) return "its checkpoints are out of order";
  const auto ahead = [&](const Manifest& manifest) { return manifest.attempt > job.attempt; };
  if (std::any_of(job.manifests.begin(), job.manifests.end(), ahead)) return "a checkpoint is of an attempt that never began";
  return "";
}

}  // namespace

Result<void> check(const JobSpec& spec) {
  const auto refused = [&](const std::string& why) { return Error{"job '" + spec.name + "' cannot run: " + why}; };
  if (spec.name.empty()) return Error{"a job needs a name"};
  if (!is_hash(spec.bundle)) return refused("its bundle is named by 64 lower-case hexadecimal digits, not by '" + spec.bundle + "'");
  if (spec.key_groups == 0 || spec.key_groups > kMaxKeyGroups) {
    return refused("it has 1 to " + std::to_string(kMaxKeyGroups) + " key groups, not " + std::to_string(spec.key_groups));
  }
  if (spec.parallelism == 0 || spec.parallelism > spec.key_groups) {
    return refused("its parallelism must be 1 to " + std::to_string(spec.key_groups) + ", the number of its key groups, not " +
                   std::to_string(spec.parallelism));
  }
  if (spec.checkpoint_interval && *spec.checkpoint_interval <= Duration(0)) return refused("its checkpoint interval must be longer than 0");
  if (!(spec.restart.factor >= 1)) return refused("each restart must come no sooner than the one before: factor " + std::to_string(spec.restart.factor));
  if (spec.retained == 0) return refused("at least one checkpoint must be retained");
  if (spec.replication == 0) return refused("at least one node must keep each part of a checkpoint");
  return {};
}

Result<ClusterState> ClusterState::of(Content content) {
  std::set<std::string> tokens;
  for (const auto& [id, job] : content.jobs) {
    const auto wrong = [&](const std::string& what) { return Error{"a cluster's state contradicts itself: " + name_of(job) + ": " + what}; };
    if (id == 0 || id != job.id || id >= content.next_job) return wrong("its number was never given to it");
    if (!job.token.empty() && !tokens.insert(job.token).second) return wrong("another job has its token");
    if (const std::string what = contradiction(job); !what.empty()) return wrong(what);
  }
  std::set<std::string> addresses;
  for (const auto& [id, node] : content.nodes) {
    if (id == 0 || id != node.id || !addresses.insert(node.address).second) {
      return Error{"a cluster's state contradicts itself: node '" + node.name + "' is there twice"};
    }
  }
  ClusterState state;
  state.content_ = std::move(content);
  return state;
}

Result<Applied> ClusterState::apply(const ClusterCommand& command) {
  return std::visit([this](const auto& one) { return on(one); }, command);
}

const JobRecord* ClusterState::job(JobId id) const {
  const auto found = content_.jobs.find(id);
  return found == content_.jobs.end() ? nullptr : &found->second;
}

/// The job, if it has not ended.
Result<JobRecord*> ClusterState::live_job(JobId id) {
  const auto found = content_.jobs.find(id);
  if (found == content_.jobs.end()) return Error{"there is no job " + std::to_string(id)};
  if (found->second.ended()) return Error{name_of(found->second) + " has ended"};
  return &found->second;
}

Result<Applied> ClusterState::on(const command::Submit& submit) {
  if (const auto right = check(submit.spec); !right) return right.error();
  if (!submit.token.empty()) {
    const auto same = [&](const auto& entry) { return entry.second.token == submit.token; };
    const auto found = std::find_if(content_.jobs.begin(), content_.jobs.end(), same);
    if (found != content_.jobs.end() && found->second.spec == submit.spec) return Applied{Effect::Nothing, found->first, {}};
    if (found != content_.jobs.end()) {
      return Error{"the token '" + submit.token + "' was used to submit " + name_of(found->second) + ", which is another one"};
    }
  }
  for (const auto& [id, other] : content_.jobs) {
    if (other.ended()) continue;
    const auto& files = other.spec.writes;
    const auto both = std::find_first_of(files.begin(), files.end(), submit.spec.writes.begin(), submit.spec.writes.end());
    if (both != files.end()) return Error{name_of(other) + " is writing " + *both + "; stop it first, or name another file"};
  }
  JobRecord job;
  job.id = content_.next_job++;
  job.spec = submit.spec;
  job.token = submit.token;
  job.submitted_ms = submit.submitted_ms;
  const JobId id = job.id;
  content_.jobs.emplace(id, std::move(job));
  return Applied{Effect::Changed, id, {}};
}

Result<Applied> ClusterState::on(const command::BeginAttempt& begin) {
  const auto found = live_job(begin.job);
  if (!found) return found.error();
  JobRecord& job = **found;
  if (begin.attempt <= job.attempt) {
    return Error{"attempt " + std::to_string(begin.attempt) + " of " + name_of(job) + " comes too late: it is at attempt " + std::to_string(job.attempt)};
  }
  if (begin.slots.empty()) return Error{"attempt " + std::to_string(begin.attempt) + " of " + name_of(job) + " has no slots"};
  for (const ClusterNodeId node : begin.slots) {
    if (content_.nodes.contains(node)) continue;
    return Error{"attempt " + std::to_string(begin.attempt) + " of " + name_of(job) + " is to run on a node that the cluster lacks: " + std::to_string(node)};
  }
  job.attempt = begin.attempt;
  job.slots = begin.slots;
  job.checkpoints_used = std::max(job.checkpoints_used, begin.checkpoints_used);
  job.ending = 0;
  return Applied{Effect::Changed, begin.job, {}};
}

Result<Applied> ClusterState::on(const command::CommitCheckpoint& commit) {
  const auto found = live_job(commit.job);
  if (!found) return found.error();
  JobRecord& job = **found;
  const Manifest& manifest = commit.manifest;
  const std::string what = "checkpoint " + std::to_string(manifest.checkpoint) + " of " + name_of(job);
  if (manifest.attempt != job.attempt || job.attempt == 0) {
    return Error{what + " is of attempt " + std::to_string(manifest.attempt) + ", and the job is at attempt " + std::to_string(job.attempt)};
  }
  if (manifest.checkpoint <= job.checkpoints_used) {
    return Error{what + " is not a new one: numbers up to " + std::to_string(job.checkpoints_used) + " are used"};
  }
  job.manifests.insert(job.manifests.begin(), manifest);
  if (job.manifests.size() > job.spec.retained) job.manifests.resize(job.spec.retained);
  job.checkpoints_used = manifest.checkpoint;
  job.ending = commit.afterwards == Barrier::Afterwards::End ? manifest.checkpoint : 0;
  return Applied{Effect::Changed, commit.job, {}};
}

Result<Applied> ClusterState::on(const command::Wish& wish) {
  const auto found = live_job(wish.job);
  if (!found) return found.error();
  JobRecord& job = **found;
  const std::string savepoint = wish.wish == JobWish::Savepoint ? wish.savepoint : "";
  if (wish.wish == job.wish && savepoint == job.savepoint) return Applied{Effect::Nothing, wish.job, {}};
  if (wish.wish == JobWish::Savepoint && savepoint.empty()) return Error{name_of(job) + " needs a directory for its savepoint"};
  if (job.wish == JobWish::Cancel) return Error{name_of(job) + " is to be cancelled already"};
  if (job.wish != JobWish::Run && wish.wish != JobWish::Cancel) {
    return Error{name_of(job) + " is to " + std::string(text_of(job.wish)) + " already, and can only be cancelled"};
  }
  job.wish = wish.wish;
  job.savepoint = savepoint;
  return Applied{Effect::Changed, wish.job, {}};
}

Result<Applied> ClusterState::on(const command::EndJob& end) {
  const auto found = live_job(end.job);
  if (!found) return found.error();
  JobRecord& job = **found;
  if (end.attempt != job.attempt) {
    return Error{"attempt " + std::to_string(end.attempt) + " cannot end " + name_of(job) + ", which is at attempt " + std::to_string(job.attempt)};
  }
  job.outcome = end.outcome;
  job.ended_ms = end.ended_ms;
  job.totals = end.totals;
  return Applied{Effect::Changed, end.job, {}};
}

Result<Applied> ClusterState::on(const command::ForgetJob& forget) {
  const auto found = content_.jobs.find(forget.job);
  if (found == content_.jobs.end()) return Error{"there is no job " + std::to_string(forget.job)};
  if (!found->second.ended()) return Error{name_of(found->second) + " has not ended; cancel it first"};
  content_.jobs.erase(found);
  return Applied{Effect::Changed, forget.job, {}};
}

Result<Applied> ClusterState::on(const command::AdmitNode& admit) {
  const ClusterNode& node = admit.node;
  if (node.id == 0 || node.address.empty()) return Error{"node '" + node.name + "' cannot be admitted without an id and an address"};
  const auto known = content_.nodes.find(node.id);
  if (known != content_.nodes.end() && known->second == node) return Applied{Effect::Nothing, 0, {}};
  Applied applied;
  std::erase_if(content_.nodes, [&](const auto& entry) {
    const bool before = entry.first != node.id && entry.second.address == node.address;
    if (before) applied.forgotten.push_back(entry.first);
    return before;
  });
  content_.nodes.insert_or_assign(node.id, node);
  return applied;
}

Result<Applied> ClusterState::on(const command::ForgetNode& forget) {
  if (content_.nodes.erase(forget.node) == 0) return Error{"the cluster has no node " + std::to_string(forget.node)};
  return Applied{Effect::Changed, 0, {forget.node}};
}

}  // namespace weir
