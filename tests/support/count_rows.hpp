// What the job slow_count writes: of every key the counts 1, 2, 3 … once each, whatever was killed meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "support/process.hpp"

namespace weir::testing {

/// Checks that the file has `records` rows and nothing is lost or doubled.
inline void check_counts(const std::filesystem::path& file, std::int64_t records) {
  std::istringstream rows(content_of(file));
  std::map<std::int64_t, std::set<std::int64_t>> counts;
  std::string row;
  std::getline(rows, row);  // the header
  std::int64_t found = 0;
  std::int64_t doubled = 0;
  for (; std::getline(rows, row); ++found) {
    const std::size_t comma = row.find(',');
    if (!counts[std::stoll(row.substr(0, comma))].insert(std::stoll(row.substr(comma + 1))).second) ++doubled;
  }
  CHECK(found == records);
  CHECK(doubled == 0);
  for (const auto& [key, seen] : counts) CHECK(*seen.rbegin() == static_cast<std::int64_t>(seen.size()));
}

}  // namespace weir::testing
