// Which failures are worth another try.
#include <doctest/doctest.h>

#include <weir/coordination/restart_policy.hpp>

using namespace weir;

namespace {

const TaskFailure kPoison{"parse", "in:17", "no good"};

/// The same failure in every attempt, a second after the one before.
std::uint32_t tries(RestartPolicy& policy, const TaskFailure& failure) {
  std::uint32_t tried = 1;
  for (std::int64_t ms = 0; policy.failed(failure, {ms}).restart && tried < 100; ms += 1000) ++tried;
  return tried;
}

}  // namespace

TEST_CASE("the same failure is tried as often as the options say, also when checkpoints complete in between") {
  RestartPolicy policy(RestartOptions{.attempts = 3});
  CHECK(tries(policy, kPoison) == 3);

  RestartPolicy with_progress(RestartOptions{.attempts = 3});
  CHECK(with_progress.failed(kPoison, {0}).restart);
  with_progress.progressed();
  CHECK(with_progress.failed(kPoison, {1000}).restart);
  with_progress.progressed();
  const auto last = with_progress.failed(kPoison, {2000});
  CHECK(!last.restart);
  CHECK(last.times == 3);
}

TEST_CASE("a permanent failure is not tried again") {
  RestartPolicy policy(RestartOptions{.attempts = 3});
  CHECK(policy.failed(kPoison, {0}).restart);
  CHECK(!policy.failed({"read", "", "cannot read a.csv", TaskFailure::Remedy::None}, {1000}).restart);
}

TEST_CASE("a failure at the same position is the same, whatever it says and however late it comes") {
  RestartPolicy policy(RestartOptions{.attempts = 2, .forget_after = Duration(1000)});
  CHECK(policy.failed({"parse", "in:17", "at 12:00"}, {0}).restart);
  policy.progressed();
  CHECK(!policy.failed({"parse", "in:17", "at 12:30"}, {1'000'000}).restart);
}

TEST_CASE("a failure at the same position of another operator is another failure") {
  RestartPolicy policy(RestartOptions{.attempts = 2});
  CHECK(policy.failed({"parse", "in:17", "no good"}, {0}).restart);
  CHECK(policy.failed({"write", "in:17", "no good"}, {0}).restart);
}

TEST_CASE("the same message long after is a new failure") {
  RestartPolicy policy(RestartOptions{.attempts = 2, .forget_after = Duration(1000)});
  const TaskFailure lost{"sink", "", "connection lost"};
  for (std::int64_t hour = 0; hour < 50; ++hour) {
    policy.progressed();
    CHECK(policy.failed(lost, {hour * 3'600'000}).restart);
  }
  CHECK(!policy.failed(lost, {49 * 3'600'000 + 999}).restart);
}

TEST_CASE("failures that differ end the job only when no checkpoint completes between them") {
  const auto failure = [](int number) { return TaskFailure{"map", "", "failure " + std::to_string(number)}; };
  RestartPolicy stuck(RestartOptions{.attempts = 3, .in_vain = 5});
  for (int i = 1; i < 5; ++i) CHECK(stuck.failed(failure(i), {0}).restart);
  const auto last = stuck.failed(failure(5), {0});
  CHECK(!last.restart);
  CHECK(last.times == 1);
  CHECK(last.in_vain == 5);

  RestartPolicy moving(RestartOptions{.attempts = 3, .in_vain = 5});
  for (int i = 0; i < 50; ++i) {
    CHECK(moving.failed(failure(i), {0}).restart);
    moving.progressed();
  }
}

TEST_CASE("restarts come later each time until a checkpoint completes") {
  RestartPolicy policy(RestartOptions{.attempts = 100, .in_vain = 100, .first_delay = Duration(100), .longest_delay = Duration(350)});
  CHECK(policy.failed(kPoison, {0}).delay == Duration(100));
  CHECK(policy.failed(kPoison, {0}).delay == Duration(200));
  CHECK(policy.failed(kPoison, {0}).delay == Duration(350));
  CHECK(policy.failed(kPoison, {0}).delay == Duration(350));
  policy.progressed();
  CHECK(policy.failed(kPoison, {0}).delay == Duration(100));
}

TEST_CASE("after a failure the job runs record by record until a checkpoint completes") {
  RestartPolicy policy(RestartOptions{});
  CHECK(!policy.isolating());
  policy.failed(kPoison, {0});
  CHECK(policy.isolating());
  policy.progressed();
  CHECK(!policy.isolating());
}

TEST_CASE("what was lost says nothing about the job: it is restarted however often that happens, later each time") {
  RestartPolicy policy(RestartOptions{.attempts = 2, .in_vain = 4, .first_delay = Duration(100), .longest_delay = Duration(350)});
  for (int i = 0; i < 100; ++i) {
    const auto decision = policy.lost();
    CHECK(decision.restart);
    CHECK(decision.delay == Duration(i == 0 ? 100 : i == 1 ? 200 : 350));
    CHECK(!policy.isolating());
  }
  CHECK(policy.failed(kPoison, {0}).in_vain == 1);
  CHECK(policy.lost().in_vain == 1);
  CHECK(policy.isolating());
}
