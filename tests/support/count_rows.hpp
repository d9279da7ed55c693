// The job slow_count, and what it writes: of every key the counts 1, 2, 3 … once each, whatever was killed meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/process.hpp"

namespace weir::testing {

/// What to submit it with: 20,000 records a second.
inline std::vector<std::string> count_job_on(const std::string& parallelism, const std::string& interval, const std::filesystem::path& output,
                                             std::int64_t records) {
  return {"--set", "count=" + std::to_string(records), "--set", "rate=20000", "--set", "output=" + output.string(), "--parallelism", parallelism,
          "--checkpoint-interval", interval};
}

inline std::vector<std::string> count_job(const std::filesystem::path& output, std::int64_t records, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = count_job_on("3", "100ms", output, records);
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

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
