// The main function of every test binary: doctest's own, and a listener that has the logs of failed tests kept.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <atomic>
#include <exception>
#include <iostream>

#include "support/kept_directory.hpp"
#include "support/temporary_directory.hpp"

namespace {

std::atomic<bool> failed{false};  // the test case that runs, so far; checks may be made by any thread

bool keep_if_failed(const std::filesystem::path& directory) {
  const bool throws = std::uncaught_exceptions() > 0;  // what doctest has not seen yet
  if ((!failed && !throws) || !weir::testing::holds_logs(directory)) return false;
  const auto kept = weir::testing::keep_directory(directory);
  if (kept) std::cerr << "the failed test's files are kept in " << kept->string() << std::endl;
  return kept.has_value();
}

class FailureListener final : public doctest::IReporter {
 public:
  explicit FailureListener(const doctest::ContextOptions&) { weir::testing::TemporaryDirectory::set_keep(keep_if_failed); }

  void test_case_start(const doctest::TestCaseData&) override { failed = false; }
  void test_case_reenter(const doctest::TestCaseData&) override { failed = false; }
  void test_case_exception(const doctest::TestCaseException&) override { failed = true; }
  void log_assert(const doctest::AssertData& checked) override {
    if (checked.m_failed && !is_warning(checked.m_at)) failed = true;
  }
  void log_message(const doctest::MessageData& message) override {
    if (!is_warning(message.m_severity)) failed = true;
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  static bool is_warning(doctest::assertType::Enum kind) { return (kind & doctest::assertType::is_warn) != 0; }
};

}  // namespace

REGISTER_LISTENER("kept directories", 1, FailureListener);
