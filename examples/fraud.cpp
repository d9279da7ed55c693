// Finds card fraud as it happens: a tiny payment that tests a stolen card, and a large one within a minute of it. A keyed
// process function with state, a timer and a side output.
//
//   build/bin/fraud --events 1000000
//   build/bin/fraud --input payments.csv --output alerts.csv
#include <weir/weir.hpp>

namespace {

struct Payment {
  std::int64_t card = 0;
  double amount = 0;
  weir::EventTime at;
};
WEIR_RECORD(Payment, card, amount, at);

struct Alert {
  std::int64_t card = 0;
  double amount = 0;
  weir::EventTime at;
};
WEIR_RECORD(Alert, card, amount, at);

/// A card was tested, and nothing followed.
struct Suspicion {
  std::int64_t card = 0;
  weir::EventTime tested;
};
WEIR_RECORD(Suspicion, card, tested);

struct Limits {
  double small = 0;
  double large = 0;
  weir::Duration within{0};
};

struct DetectFraud {
  using Out = Alert;
  weir::SideOutput<Suspicion> tested;  // cards that were tested without a large payment after it

  Limits limits;
  weir::Value<weir::EventTime> test_time;

  void open(weir::KeyedState& state) { test_time = state.value<weir::EventTime>("test"); }

  void process(const Payment& payment, auto& context) {
    // A timer fires once the watermark reaches it, so a payment that comes too late may be seen before it.
    const bool in_time = test_time && payment.at <= *test_time + limits.within;
    if (in_time && payment.amount > limits.large) {
      context.emit({payment.card, payment.amount, payment.at});
      forget(context);
    }
    if (payment.amount < limits.small) {
      if (test_time && !in_time) context.emit(tested, {context.key(), *test_time});
      forget(context);
      test_time.set(payment.at);
      context.timers().at(payment.at + limits.within);
    }
  }

  void on_timer(const weir::Timer&, auto& context) {
    if (test_time) context.emit(tested, {context.key(), *test_time});
    test_time.clear();
  }

 private:
  void forget(auto& context) {
    if (test_time) context.timers().cancel(*test_time + limits.within);
    test_time.clear();
  }
};

/// Payment n: mostly ordinary amounts; now and then a test, and sometimes a large payment after it.
Payment make_payment(std::int64_t n, std::int64_t cards) {
  const std::uint64_t draw = weir::hash_integer(static_cast<std::uint64_t>(n) + 1);
  const auto card = static_cast<std::int64_t>(draw % static_cast<std::uint64_t>(cards));
  const double ordinary = 5 + double(draw >> 32 & 0xffff) / 256;
  const std::uint64_t kind = draw >> 48 & 0xff;
  const double amount = kind < 3 ? 0.5 : kind < 8 ? 700 : ordinary;
  return {card, amount, {n * 100}};
}

weir::Stream<Payment> payments(weir::Pipeline& pipeline, const weir::Options& options) {
  const auto input = options.get("input", {.help = "CSV of payments: card,amount,at; empty: generated ones", .fallback = ""});
  const auto events = options.number("events", {.help = "payments to generate", .fallback = "100000"});
  const auto cards = options.number("cards", {.help = "cards to generate payments of", .fallback = "200"});
  if (events < 0) throw weir::Failure("option --events must not be negative");
  if (cards < 1) throw weir::Failure("option --cards must be at least 1");
  if (!input.empty()) return pipeline.source("payments", weir::Csv<Payment>{.path = input});
  return pipeline.source("payments", weir::Generate<Payment>{.record = [cards](std::int64_t n) { return make_payment(n, cards); },
                                                             .count = events});
}

}  // namespace

WEIR_JOB(fraud) {
  const auto output = options.get("output", {.help = "CSV file for alerts; empty: print", .fallback = ""});
  const auto suspicions = options.get("suspicions", {.help = "CSV file for tests without a payment; empty: not written", .fallback = ""});
  if (!output.empty() && output == suspicions) throw weir::Failure("--output and --suspicions must be different files");
  const Limits limits{options.real("small", {.help = "a payment below tests a card", .fallback = "1"}),
                      options.real("large", {.help = "a payment above empties it", .fallback = "500"}),
                      options.duration("within", {.help = "time between the two", .fallback = "1min"})};

  auto detected = payments(pipeline, options)
                      .event_time(&Payment::at, {.out_of_orderness = 5s})
                      .key_by(&Payment::card)
                      .process("detect", DetectFraud{.tested = {}, .limits = limits, .test_time = {}});

  if (!suspicions.empty()) {
    detected.side(&DetectFraud::tested).global().sink("suspicions", weir::CsvFile{.path = suspicions}, {.parallelism = 1});
  }
  if (output.empty()) detected.global().sink("console", weir::Console{}, {.parallelism = 1});
  else detected.global().sink("file", weir::CsvFile{.path = output}, {.parallelism = 1});
}
