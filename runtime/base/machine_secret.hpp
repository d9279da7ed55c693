// Processes of one user on one machine recognise each other by 32 random bytes in a file that only this user can read:
//
//   /tmp/weir-<uid>/secret     made by the first that asks, and again by a process that knows it when it was cleaned away
//
// What is not encrypted stays on the machine, and this keeps its other users out.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>

#include <weir/base/result.hpp>

namespace weir {

constexpr std::size_t kSecretBytes = 32;
using MachineSecret = std::array<char, kSecretBytes>;

/// Any thread and process, also several at once. An Error when the directory is not this user's alone. What a process was told once
/// stays its secret: where the file is gone it is written again.
Result<MachineSecret> machine_secret();
/// The same in a directory of the caller's choice, with `known` for a file that is not there.
Result<MachineSecret> machine_secret_in(const std::filesystem::path& directory, const std::optional<MachineSecret>& known = {});

}  // namespace weir
