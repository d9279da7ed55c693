#include <weir/cli/answer.hpp>

#include <algorithm>
#include <utility>

#include <weir/base/time.hpp>
#include <weir/node/nearest_word.hpp>

namespace weir::cli {
namespace {

constexpr std::size_t kLongestNumber = 19;  // digits that a 64-bit number surely holds
constexpr std::int64_t kSecond = 1000;      // ms; nobody who reads a list wants more precise times

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= kLongestNumber && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string job_path(ApiClient& client, const std::string& job, Meant meant) {
  if (is_number(job)) return "/jobs/" + job;
  const auto list = answer<api::JobList>(client.get("/jobs"));
  const api::JobInfo* found = nullptr;
  std::vector<std::string> names;
  const auto rank = [&](const api::JobInfo& one) { return std::pair(ended(one) == (meant == Meant::Ended), one.id); };
  for (const api::JobInfo& each : list.jobs) {
    names.push_back(each.name);
    if (each.name == job && (found == nullptr || rank(each) > rank(*found))) found = &each;
  }
  if (found != nullptr) return "/jobs/" + std::to_string(found->id);
  const auto near = nearest_word(job, names);
  throw Failure("there is no job '" + job + "'" + (near ? " (did you mean " + *near + "?)" : "") + "; 'weir jobs' lists them");
}

std::string time_text(std::optional<std::int64_t> ms) { return ms ? to_text(EventTime{*ms / kSecond * kSecond}) : "-"; }

bool ended(const api::JobInfo& job) { return job.ended_ms.has_value(); }

}  // namespace weir::cli
