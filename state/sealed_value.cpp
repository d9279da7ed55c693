#include <weir/state/sealed_value.hpp>

#include <cstdio>
#include <cstring>

#include <weir/base/hash.hpp>
#include <weir/state/big_endian.hpp>

namespace weir {
namespace {

constexpr std::size_t kChecksumBytes = sizeof(std::uint64_t);

}  // namespace

std::uint64_t checksum(std::string_view key, std::span<const std::byte> content) {
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  return hash_join(hash_bytes(key), hash_bytes(text));
}

Sealed open_sealed(std::string_view key, std::span<const std::byte> value) {
  if (value.size() < kChecksumBytes)
    return {.content = {}, .expected = ~checksum(key, {}), .found = checksum(key, {})};
  std::string_view stored(reinterpret_cast<const char*>(value.data()), kChecksumBytes);
  const auto content = value.subspan(kChecksumBytes);
  return {.content = content,
          .expected = take_big_endian<std::uint64_t>(stored),
          .found = checksum(key, content)};
}

std::string mismatch(const Sealed& sealed) {
  char text[80];
  std::snprintf(text, sizeof text, "expected checksum 0x%016llx, found 0x%016llx",
                static_cast<unsigned long long>(sealed.expected),
                static_cast<unsigned long long>(sealed.found));
  return text;
}

Result<void> put_sealed(LmdbTransaction& transaction, std::string_view key,
                        std::span<const std::byte> content) {
  auto value = transaction.reserve(key, kChecksumBytes + content.size());
  if (!value.ok()) return value.error();
  std::string stored;
  append_big_endian(stored, checksum(key, content));
  std::memcpy(value->data(), stored.data(), kChecksumBytes);
  if (!content.empty()) std::memcpy(value->data() + kChecksumBytes, content.data(), content.size());
  return {};
}

Result<std::span<const std::byte>> get_sealed(const LmdbTransaction& transaction,
                                              std::string_view key, const std::string& what) {
  auto value = transaction.get(key);
  if (!value.ok()) return value.error();
  if (!value->has_value()) return Error{what + " is missing"};
  const Sealed sealed = open_sealed(key, **value);
  if (!sealed.intact()) return Error{what + " is damaged: " + mismatch(sealed)};
  return sealed.content;
}

}  // namespace weir
