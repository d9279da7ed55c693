#include <weir/wire/flat_message.hpp>

#include <cstring>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

namespace weir::wire {
namespace {

constexpr int kNesting = 8;  // of structs and lists in each other: no schema here needs more than 5

}  // namespace

std::vector<std::byte> flat_bytes(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.begin());
  return {begin, begin + bytes.size()};
}

Result<void> read_flat(std::span<const std::byte> bytes, std::string_view what, const std::function<void(capnp::MessageReader&)>& read) {
  const std::string who(what);
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) {
    return Error{who + " is cut off: " + std::to_string(bytes.size()) + " bytes are not whole words"};
  }
  std::vector<capnp::word> words(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.data(), bytes.data(), bytes.size());
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words.size() * 2 + 64;  // each word is read once, lists of empty structs aside
    options.nestingLimit = kNesting;
    capnp::FlatArrayMessageReader message(kj::arrayPtr(words.data(), words.size()), options);
    read(message);
    return {};
  } catch (const kj::Exception& exception) {
    return Error{who + " cannot be read: " + exception.getDescription().cStr()};
  } catch (const Failure& failure) {
    return Error{who + " cannot be read: " + failure.what()};
  }
}

}  // namespace weir::wire
