// Keyed state of a chosen size, and rows that tell at once how far the job is: for measuring how long a failure stops it.
//
//   --keys N keys of about --bytes bytes each, visited in turn at --rate; every --every'th record becomes a row at --host:--port
//   With --start, in ms since 1970, the records come by that clock, also while the job is down, as they do from a log or a network.
#include <weir/weir.hpp>

namespace {

struct Progress {
  std::int64_t number = 0;
  std::int64_t visits = 0;
};
WEIR_RECORD(Progress, number, visits);

struct Remember {
  using Out = Progress;

  std::size_t bytes = 0;
  std::int64_t every = 1;
  weir::Value<std::int64_t> visits;
  weir::Value<std::string> seen;

  void open(weir::KeyedState& state) {
    visits = state.value<std::int64_t>("visits");
    seen = state.value<std::string>("seen");
  }

  void process(std::int64_t number, auto& context) {
    if (!visits) seen.set(std::string(bytes, static_cast<char>('a' + number % 26)));
    visits.set(visits ? *visits + 1 : 1);
    if (number % every == 0) context.emit({number, *visits});
  }
};

}  // namespace

WEIR_JOB(large_state) {
  const std::int64_t keys = options.number("keys");
  weir::Generate<std::int64_t> numbers;
  numbers.record = [](std::int64_t number) { return number; };
  numbers.records_per_second = options.real("rate");
  if (const std::int64_t start = options.number("start", {.fallback = "0"}); start != 0) numbers.first_due = weir::ProcessingTime{start};
  numbers.splits = 4;
  Remember remember;
  remember.bytes = static_cast<std::size_t>(options.number("bytes"));
  remember.every = options.number("every");
  pipeline.source("numbers", numbers)
      .key_by([keys](std::int64_t number) { return number % keys; })
      .process("remember", remember)
      .sink("progress", weir::SocketSink{.host = options.get("host"), .port = static_cast<std::uint16_t>(options.number("port"))});
}
