// A pipeline run, and checked, inside a test.
#include <cstdlib>
#include <iostream>

#include <weir/weir.hpp>

using namespace weir;

struct Visit { std::string page; EventTime at; Duration stay = 0s; };
WEIR_RECORD(Visit, page, at, stay);

auto visits_per_hour(const Stream<Visit>& visits) {     // what is tested: a function from stream to stream
  return visits.filter([](const Visit& visit) { return visit.stay >= 10s; })
      .event_time(&Visit::at, {.out_of_orderness = 1min})
      .key_by(&Visit::page)
      .window(tumbling(1h))
      .count("visits per hour");
}

int main() {
  Pipeline pipeline("test");
  const auto visits = pipeline.source("visits", collection<Visit>({{"a", {1000}, 30s}, {"a", {2000}, 5s}, {"a", {3000}, 1min}}));
  const auto counts = collect(visits_per_hour(visits));
  pipeline.run({.parallelism = 2});                     // to the end; throws when the job fails

  const bool right = counts.records().size() == 1 && counts.records()[0].value == 2;
  std::cout << (right ? "passed\n" : "failed\n");
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
