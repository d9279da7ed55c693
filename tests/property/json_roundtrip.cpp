// Invariant: a record written as a JSON line reads back as the same record, and the line holds no line end.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <weir/connectors/json_format.hpp>

using namespace weir;

namespace json_roundtrip {

struct Inner {
  std::string text;
  std::optional<double> real;
  friend bool operator==(const Inner&, const Inner&) = default;
};
WEIR_RECORD(Inner, text, real);

struct Outer {
  std::vector<Inner> list;
  std::map<std::string, std::int64_t> by_text;
  std::map<std::int32_t, std::vector<std::uint8_t>> by_number;
  std::pair<float, std::uint64_t> pair;
  EventTime at;
  friend bool operator==(const Outer&, const Outer&) = default;
};
WEIR_RECORD(Outer, list, by_text, by_number, pair, at);

/// Valid UTF-8 of one to four bytes per character, control characters included.
rc::Gen<std::string> any_text() {
  const auto pieces = rc::gen::element<std::string>("a", "\"", "\\", "\n", "\x01", "\x7f", "é", "€",
                                                    "😀", "\u2028", " ");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(pieces),
                      [](const std::vector<std::string>& all) {
                        std::string text;
                        for (const auto& piece : all) text += piece;
                        return text;
                      });
}

rc::Gen<Inner> any_inner() {
  return rc::gen::map(
      rc::gen::pair(any_text(), rc::gen::arbitrary<double>()),
      [](std::pair<std::string, double> parts) {
        return Inner{parts.first, parts.first.empty() ? std::nullopt : std::optional(parts.second)};
      });
}

rc::Gen<Outer> any_outer() {
  return rc::gen::build<Outer>(
      rc::gen::set(&Outer::list, rc::gen::container<std::vector<Inner>>(any_inner())),
      rc::gen::set(&Outer::by_text, rc::gen::container<std::map<std::string, std::int64_t>>(
                                        any_text(), rc::gen::arbitrary<std::int64_t>())),
      rc::gen::set(&Outer::by_number), rc::gen::set(&Outer::pair),
      rc::gen::set(&Outer::at, rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                                            [](std::int64_t ms) { return EventTime{ms}; })));
}

}  // namespace json_roundtrip

TEST_CASE("records written as JSON lines come back, whatever they hold") {
  using namespace json_roundtrip;
  CHECK(rc::check([] {
    const auto record = *any_outer();
    const JsonFormat<Outer> format(
        {.times = *rc::gen::element(TimeStyle::Iso, TimeStyle::Milliseconds)});
    std::string line;
    format.append(line, record);
    RC_ASSERT(line.find('\n') == line.size() - 1);
    line.pop_back();
    const auto parsed = format.reader("rows.jsonl").parse({.text = line});
    if (!parsed) RC_FAIL(parsed.error().message + " in " + line);
    RC_ASSERT(*parsed == record);
  }));
}
