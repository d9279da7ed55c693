#include <weir/state/store_layout.hpp>

#include <cstdio>
#include <cstring>

#include <weir/base/hash.hpp>

namespace weir {
namespace {

constexpr std::size_t kChecksumBytes = sizeof(std::uint64_t);

template <class Number>
void append_big_endian(std::string& key, Number number) {
  for (int shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(number >> shift & 0xff));
  }
}

template <class Number>
Number take_big_endian(std::string_view& key) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(key[i]));
  }
  key.remove_prefix(sizeof(Number));
  return number;
}

std::uint64_t checksum(std::string_view key, std::span<const std::byte> content) {
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  return hash_join(hash_bytes(key), hash_bytes(text));
}

}  // namespace

std::string key_of(const ChunkId& id) {
  std::string key(kChunkPrefix);
  append_big_endian(key, id.checkpoint);
  append_big_endian(key, id.operator_index);
  append_big_endian(key, id.task);
  append_big_endian(key, id.sequence);
  return key;
}

std::string manifest_key(std::uint64_t checkpoint) {
  std::string key(kManifestPrefix);
  append_big_endian(key, checkpoint);
  return key;
}

std::optional<ChunkId> chunk_of(std::string_view key) {
  if (!key.starts_with(kChunkPrefix) || key.size() != kChunkPrefix.size() + 20) return std::nullopt;
  key.remove_prefix(kChunkPrefix.size());
  ChunkId id;
  id.checkpoint = take_big_endian<std::uint64_t>(key);
  id.operator_index = take_big_endian<std::uint32_t>(key);
  id.task = take_big_endian<std::uint32_t>(key);
  id.sequence = take_big_endian<std::uint32_t>(key);
  return id;
}

std::optional<std::uint64_t> manifest_of(std::string_view key) {
  if (!key.starts_with(kManifestPrefix) || key.size() != kManifestPrefix.size() + 8)
    return std::nullopt;
  key.remove_prefix(kManifestPrefix.size());
  return take_big_endian<std::uint64_t>(key);
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
