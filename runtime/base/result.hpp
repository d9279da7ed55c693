// The environment fails in ways the caller must handle: a disk is full, a file is missing, bytes are
// corrupt. Such functions return Result<T>: the value, or an Error whose message says what happened,
// where, and what to do. Where nothing in between can handle it, `or_throw` turns the error into a
// Failure, which ends the running attempt of a task or, before anything runs, the program.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include <weir/base/check.hpp>

namespace weir {

/// One readable line: what happened, where, what to do; values last.
struct Error {
  std::string message;
  friend bool operator==(const Error&, const Error&) = default;
};

/// The environment or the user's input made it impossible to go on. The message is for people.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What another try would meet again: malformed input, a file that is missing or may not be written. The job fails at once.
class PermanentFailure : public Failure {
 public:
  using Failure::Failure;
};

/// A value or an Error. Reading the value of an error is a Bug. Where the caller must tell errors apart, E is an Error that has more.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}
  Result(E error) : content_(std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return checked(); }
  T&& value() && { return std::move(checked()); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    WEIR_CHECK(!ok(), "a result that holds a value has no error");
    return std::get<1>(content_);
  }

  /// The value; throws Failure with the error's message.
  T or_throw() && {
    if (!ok()) throw Failure(error().message);
    return std::move(std::get<0>(content_));
  }

 private:
  T& checked() {
    WEIR_CHECK(ok(), "a failed result has no value:", std::get<1>(content_).message);
    return std::get<0>(content_);
  }

  std::variant<T, E> content_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    WEIR_CHECK(failed_, "a successful result has no error");
    return error_;
  }
  void or_throw() && {
    if (failed_) throw Failure(error_.message);
  }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace weir
