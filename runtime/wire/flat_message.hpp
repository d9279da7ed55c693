// Cap'n Proto messages as bytes, and bytes from anywhere as messages: what the codecs of this folder that have a schema of their
// own share. Reading trusts nothing: a reader throws Failure when the content makes no sense, and that, like damage that
// Cap'n Proto finds, becomes an Error here, the one place where such things are caught.
//
// Memory: a message is copied once, since its words must be aligned; lists cannot claim more than the message has. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/base/result.hpp>

namespace capnp {
class MessageBuilder;
class MessageReader;
}  // namespace capnp

namespace weir::wire {

std::vector<std::byte> flat_bytes(capnp::MessageBuilder& message);

/// `what` begins the message of the Error.
Result<void> read_flat(std::span<const std::byte> bytes, std::string_view what, const std::function<void(capnp::MessageReader&)>& read);

/// The same for a `read` that returns what it read.
template <class Read>
auto read_value(std::span<const std::byte> bytes, std::string_view what, Read read) {
  using T = decltype(read(std::declval<capnp::MessageReader&>()));
  std::optional<T> value;
  const Result<void> done = read_flat(bytes, what, [&](capnp::MessageReader& message) { value.emplace(read(message)); });
  return done ? Result<T>(std::move(*value)) : Result<T>(done.error());
}

/// Our enumerator with the number of a stored one, of which `last` has the highest.
template <class Ours, class Stored>
Ours enumerator(Stored stored, Ours last, std::string_view what) {
  if (static_cast<unsigned>(stored) > static_cast<unsigned>(last)) {
    throw Failure(std::string(what) + " " + std::to_string(static_cast<unsigned>(stored)) + " does not exist");
  }
  return static_cast<Ours>(stored);
}

}  // namespace weir::wire
