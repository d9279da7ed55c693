// Runs build/bin/nexmark and compares the file it writes with the reference.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "examples/nexmark/generator.hpp"

namespace nexmark::testing {

/// A result as a file of CSV has it; the rows sorted, since their order is free.
struct Table {
  std::string header;
  std::vector<std::string> rows;
  friend bool operator==(const Table&, const Table&) = default;
};

/// The queries that the reference knows and whose result does not depend on the clock.
const std::vector<std::string>& query_names();

/// What a query must give in the end.
Table expected(const std::string& query, const GeneratorOptions& options);

/// Every event of a generator, in order.
std::vector<Event> all_events(const GeneratorOptions& options);

Table read_table(const std::filesystem::path& file);

/// The command line of a query with --final.
std::vector<std::string> command(const std::string& query, const GeneratorOptions& options,
                                 std::uint32_t parallelism, const std::filesystem::path& output);

/// Runs the program to its end: its exit status. What it prints goes to `log`.
int run(const std::vector<std::string>& arguments, const std::filesystem::path& log);

/// Runs a query, kills it at random moments and resumes it at another parallelism, until it has ended.
/// Returns how often it was killed.
int run_with_kills(const std::string& query, const GeneratorOptions& options, std::mt19937& random,
                   const std::filesystem::path& directory);

/// Checks (in doctest's sense) that two tables are the same, and shows the first rows that differ.
void check_same(const Table& found, const Table& wanted);

/// WEIR_SEED of the environment, or one that is drawn; printed when a test fails.
std::uint32_t seed();

}  // namespace nexmark::testing
