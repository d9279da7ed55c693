// What people see of an exception.
#include <doctest/doctest.h>

#include <stdexcept>

#include <weir/base/exception_text.hpp>
#include <weir/base/result.hpp>

using namespace weir;

namespace {

struct Mine final : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class Thrown>
std::string text_of(const Thrown& thrown) {
  try {
    throw thrown;
  } catch (...) {
    return current_exception_text();
  }
}

}  // namespace

TEST_CASE("an exception is shown with its type unless it is one of Weir's own") {
  CHECK(text_of(std::invalid_argument("stoi")) == "std::invalid_argument: stoi");
  CHECK(text_of(Mine("no good")) == "(anonymous namespace)::Mine: no good");
  CHECK(text_of(Failure("cannot read a.csv")) == "cannot read a.csv");
  CHECK(text_of(Bug("bug: no such task")) == "bug: no such task");
}

TEST_CASE("what is no std::exception is shown by its type") {
  CHECK(text_of(42) == "an exception of type int");
}
