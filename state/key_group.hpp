// State must be able to move between tasks without rehashing the world. Keys are therefore hashed into a
// fixed number of key groups, the unit in which state is assigned, stored and moved; a task owns a
// contiguous range of them. The number of groups bounds the parallelism and never changes in a job's life.
#pragma once

#include <compare>
#include <cstdint>

namespace weir {

using KeyGroup = std::uint32_t;

constexpr std::uint32_t kDefaultKeyGroups = 128;
constexpr std::uint32_t kMaxKeyGroups = 32768;

/// The group of a key's hash: its upper half scaled to the number of groups.
constexpr KeyGroup key_group_of(std::uint64_t hash, std::uint32_t groups) {
  return static_cast<KeyGroup>(((hash >> 32) * groups) >> 32);
}

/// The task that owns a group when `parallelism` tasks share `groups` groups.
constexpr std::uint32_t task_of_group(KeyGroup group, std::uint32_t parallelism, std::uint32_t groups) {
  return static_cast<std::uint32_t>(std::uint64_t{group} * parallelism / groups);
}

/// Groups from `first` up to but not including `end`.
struct KeyGroupRange {
  KeyGroup first = 0;
  KeyGroup end = 0;

  constexpr bool contains(KeyGroup group) const { return first <= group && group < end; }
  friend constexpr auto operator<=>(const KeyGroupRange&, const KeyGroupRange&) = default;
};

/// The range that task_of_group assigns to `task`.
constexpr KeyGroupRange groups_of_task(std::uint32_t task, std::uint32_t parallelism, std::uint32_t groups) {
  const auto lowest = [&](std::uint64_t t) { return static_cast<KeyGroup>((t * groups + parallelism - 1) / parallelism); };
  return {lowest(task), lowest(task + 1)};
}

/// What a task needs to know to tell its keys from those of others.
struct KeyOwnership {
  KeyGroupRange range{0, kDefaultKeyGroups};
  std::uint32_t groups = kDefaultKeyGroups;

  constexpr bool owns(std::uint64_t hash) const { return range.contains(key_group_of(hash, groups)); }
};

}  // namespace weir
