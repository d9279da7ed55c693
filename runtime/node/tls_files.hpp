// Secrets of a node on disk: its certificate, its key, the authority's certificate, the token. CAF hangs for ever on a path that it
// cannot read, and runs without authentication when it is given none: so all files are read and checked before anything starts.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include <weir/base/result.hpp>
#include <weir/node/node_options.hpp>

namespace weir {

/// PEM texts that go together.
struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string ca;
  std::chrono::system_clock::time_point expires;  // the certificate does
};

/// Fails, in one line that names the file, when one is missing, unreadable or no PEM, the key is another one's, the authority did
/// not sign the certificate, or one has expired or is not valid yet.
Result<TlsFiles> read_tls_files(const TlsOptions& options);

/// The first line of a file, without blanks around it. Fails when it is shorter than 16 characters, which can be guessed, or has
/// others than printable ASCII ones, which HTTP does not carry.
Result<std::string> read_token(const std::filesystem::path& file);

}  // namespace weir
