// Bundles are known by the SHA-256 of their bytes: the same on every node, and nobody can put another file in its place.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <weir/base/result.hpp>

struct evp_md_ctx_st;

namespace weir {

/// Of bytes that come in pieces. A resource; one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view piece);
  /// 64 hex digits in lower case. Nothing can be added afterwards.
  std::string text();

 private:
  evp_md_ctx_st* context_;
};

Result<std::string> sha256_of(const std::filesystem::path& file);

/// Whether a text is 64 hex digits in lower case, and so a safe name of a file.
bool is_sha256(std::string_view text);

}  // namespace weir
