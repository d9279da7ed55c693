#include <weir/node/sha256.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include <openssl/evp.h>

namespace weir {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;
constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  WEIR_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1, "OpenSSL has no SHA-256");
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::add(std::string_view piece) {
  WEIR_CHECK(EVP_DigestUpdate(context_, piece.data(), piece.size()) == 1, "a hash that is finished takes no more");
}

std::string Sha256::text() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  WEIR_CHECK(EVP_DigestFinal_ex(context_, bytes.data(), &size) == 1, "a hash is finished once");
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

Result<std::string> sha256_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::error_code error;
  if (!in || std::filesystem::is_directory(file, error)) {
    return Error{"cannot read " + file.string() + ": " + (in ? "it is a directory" : std::strerror(errno))};
  }
  Sha256 hash;
  std::vector<char> piece(kPieceBytes);
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash.add({piece.data(), static_cast<std::size_t>(in.gcount())});
  }
  if (in.bad()) return Error{"cannot read " + file.string() + ": " + std::strerror(errno)};
  return hash.text();
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) { return kDigits.find(c) != std::string_view::npos; });
}

}  // namespace weir
