// Counts numbers that come at a steady rate, so that a test can end what runs it in the middle; a few keys on purpose fail it.
//
//   --count N records at --rate per second, numbers modulo 100 counted; one row per record, to a file or a directory of parts
#include <csignal>
#include <cstdlib>
#include <iostream>

#include <weir/weir.hpp>

struct CountRow {
  std::int64_t key = 0;
  std::int64_t count = 0;
};
WEIR_RECORD(CountRow, key, count);

WEIR_JOB(slow_count) {
  const auto count = options.number("count");
  const auto rate = options.real("rate", {.fallback = "20000"});
  const auto output = options.get("output");
  const auto harm = options.get("harm", {.fallback = "none", .choices = {"none", "crash", "abort", "loop", "throw"}});
  const auto harm_at = options.number("harm-at", {.fallback = "1000"});
  const auto say_each = options.number("say-each", {.help = "a line of every so many numbers; 0: none", .fallback = "0"});

  weir::Generate<std::int64_t> numbers;
  numbers.record = [](std::int64_t n) { return n; };
  numbers.count = count;
  numbers.records_per_second = rate;
  numbers.splits = 4;
  pipeline.source("numbers", numbers)
      .map([harm, harm_at, say_each](std::int64_t n) {
        if (say_each != 0 && n % say_each == 0) std::cout << "saw " << n << '\n';
        if (n == harm_at) {
          if (harm == "crash") std::raise(SIGSEGV);
          if (harm == "abort") std::abort();
          if (harm == "throw") throw std::runtime_error("asked to fail");
          for (volatile bool loops = harm == "loop"; loops;) {}
        }
        return n % 100;
      }, {.name = "harm"})
      .key_by([](std::int64_t n) { return n; })
      .count("count")
      .map([](const auto& row) { return CountRow{row.key, row.value}; })
      .global()
      .sink("file", weir::CsvFile{.path = output}, {.parallelism = 1});
}
