// Where flights are delayed most: mean delay and number of departures of every airport over a sliding day, the ten worst
// of each day, with the airports' names.
//
//   build/bin/flights --input examples/data/flights.csv --airports examples/data/airports.csv
#include <algorithm>
#include <vector>

#include <weir/weir.hpp>

namespace {

struct Flight {
  weir::EventTime departure;
  std::string origin;
  std::string destination;
  std::int64_t delay_minutes = 0;
  std::int64_t distance_miles = 0;
};
WEIR_RECORD(Flight, departure, origin, destination, delay_minutes, distance_miles);

struct Airport {
  std::string iata;
  std::string name;
  std::string city;
  std::string state;
};
WEIR_RECORD(Airport, iata, name, city, state);

/// Departures of one airport in a window.
struct Departures {
  std::int64_t count = 0;
  std::int64_t delay_minutes = 0;
};
WEIR_RECORD(Departures, count, delay_minutes);

struct AirportDelay {
  weir::EventTime day_end;
  std::string airport;
  double mean_delay = 0;
  std::int64_t departures = 0;
};
WEIR_RECORD(AirportDelay, day_end, airport, mean_delay, departures);

struct WorstAirport {
  weir::EventTime day_end;
  std::int64_t rank = 0;
  std::string airport;
  std::string name;
  std::string city;
  std::string state;
  double mean_delay = 0;
  std::int64_t departures = 0;
};
WEIR_RECORD(WorstAirport, day_end, rank, airport, name, city, state, mean_delay, departures);

/// The aggregate of a window: create, add, merge, result.
struct CountDepartures {
  using Accumulator = Departures;
  using Result = Departures;
  Departures create() const { return {}; }
  void add(Departures& sum, const Flight& flight) const {
    ++sum.count;
    sum.delay_minutes += flight.delay_minutes;
  }
  void merge(Departures& sum, const Departures& other) const {
    sum.count += other.count;
    sum.delay_minutes += other.delay_minutes;
  }
  Departures result(const Departures& sum) const { return sum; }
};

/// Worst first; ties by name, so that every run gives the same rows.
bool is_worse(const AirportDelay& a, const AirportDelay& b) {
  return a.mean_delay != b.mean_delay ? a.mean_delay > b.mean_delay : a.airport < b.airport;
}

}  // namespace

WEIR_JOB(flights) {
  const auto input = options.get("input", {.help = "CSV files of flights", .fallback = "examples/data/flights.csv"});
  const auto airports_path = options.get("airports", {.help = "CSV file of airports", .fallback = "examples/data/airports.csv"});
  const auto output = options.get("output", {.help = "CSV file to write too; empty: none", .fallback = ""});
  const auto window = options.duration("window", {.help = "length of the sliding window", .fallback = "1d"});
  const auto slide = options.duration("slide", {.help = "time between two windows", .fallback = "1d"});
  const auto least = options.number("least-departures", {.help = "airports with fewer in a window are left out", .fallback = "3"});
  const auto rate = options.real("rate", {.help = "rows of flights per second; 0: as many as it can", .fallback = "0"});
  const auto worst_count = options.number("worst", {.help = "airports per window", .fallback = "10"});
  if (!(rate >= 0)) throw weir::Failure("option --rate must be 0 or more");
  if (worst_count < 1) throw weir::Failure("option --worst must be at least 1");

  const auto airports = pipeline.source("airports", weir::Csv<Airport>{.path = airports_path});

  auto worst =
      pipeline.source("flights", weir::Csv<Flight>{.path = input, .rows_per_second = rate})
          .event_time(&Flight::departure, {.out_of_orderness = 1h})
          .key_by(&Flight::origin)
          .window(weir::sliding(window, slide))
          .aggregate("delays", CountDepartures{},
                     [](const std::string& origin, const weir::Window& day, const Departures& sum) {
                       return AirportDelay{day.end, origin, double(sum.delay_minutes) / double(sum.count), sum.count};
                     })
          .filter([least](const AirportDelay& delay) { return delay.departures >= least; })
          .key_by(&AirportDelay::day_end)
          .window(weir::tumbling(slide))  // results of one window end carry one time: its last instant
          .process<WorstAirport>("worst",
                                 [worst_count](auto& day, auto&& out) {
                                   std::vector<AirportDelay> delays;
                                   delays.assign(day.elements.begin(), day.elements.end());
                                   std::sort(delays.begin(), delays.end(), is_worse);
                                   std::int64_t rank = 0;
                                   for (const AirportDelay& delay : delays) {
                                     if (++rank > worst_count) return;
                                     out(WorstAirport{delay.day_end, rank, delay.airport, "", "", "", delay.mean_delay, delay.departures});
                                   }
                                 })
          .lookup_left("airport", airports, &WorstAirport::airport, &Airport::iata,
                       [](WorstAirport row, const Airport* airport) {
                         if (airport != nullptr) {
                           row.name = airport->name;
                           row.city = airport->city;
                           row.state = airport->state;
                         }
                         return row;
                       });

  const auto rows = worst.global();
  rows.sink("console", weir::Console{}, {.parallelism = 1});
  if (!output.empty()) rows.sink("file", weir::CsvFile{.path = output}, {.parallelism = 1});
}
