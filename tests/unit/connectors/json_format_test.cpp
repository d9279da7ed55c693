#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <weir/connectors/json_format.hpp>

using namespace weir;

namespace json_format_test {

enum class Side : std::int8_t { buy = 1, sell = -1 };

struct Bid {
  std::string bidder;
  double price = 0;
  friend bool operator==(const Bid&, const Bid&) = default;
};
WEIR_RECORD(Bid, bidder, price);

struct Auction {
  std::int64_t id = 0;
  bool open = false;
  Side side = Side::buy;
  EventTime at;
  std::vector<Bid> bids;
  std::optional<Bid> best;
  std::map<std::string, std::int32_t> counts;
  std::map<std::int32_t, std::string> names;
  std::pair<float, std::string> pair;
  std::tuple<char, std::optional<double>, std::vector<bool>> tuple;
  friend bool operator==(const Auction&, const Auction&) = default;
};
WEIR_RECORD(Auction, id, open, side, at, bids, best, counts, names, pair, tuple);

struct Timeout {
  Duration after = 10min;
  std::optional<Duration> pause;
  friend bool operator==(const Timeout&, const Timeout&) = default;
};
WEIR_RECORD(Timeout, after, pause);

struct Limits {
  std::uint8_t small = 0;
  std::uint64_t large = 0;
  float narrow = 0;
};
WEIR_RECORD(Limits, small, large, narrow);

static_assert(Format<JsonFormat<Auction>, Auction>);
static_assert(Format<JsonFormat<std::vector<std::string>>, std::vector<std::string>>);

template <class T>
Parsed<T> parse(std::string_view line) {
  return JsonFormat<T>()
      .reader("bids.jsonl")
      .parse({.text = line, .begin = {.offset = 0, .line = 12}});
}

template <class T>
std::string error_of(std::string_view line) {
  const auto parsed = parse<T>(line);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().line == 12);
  return parsed.error().message;
}

template <class T>
std::string write(const T& record, const JsonOptions& options = {}) {
  std::string out;
  JsonFormat<T>(options).append(out, record);
  return out;
}

template <class T>
T there_and_back(const T& record) {
  auto parsed = parse<T>(write(record));
  REQUIRE(parsed.ok());
  return *std::move(parsed);
}

Auction sample() {
  return {.id = std::numeric_limits<std::int64_t>::min(),
          .open = true,
          .side = Side::sell,
          .at = {978309660000},
          .bids = {{"Ann", 1.5}, {"B\"ob\n", -0.1}},
          .best = Bid{"é€😀", 3},
          .counts = {{"", 1}, {"a b", -2}},
          .names = {{-1, "minus"}, {7, "seven"}},
          .pair = {0.1F, "x"},
          .tuple = {'x', std::nullopt, {true, false}}};
}

}  // namespace json_format_test

using namespace json_format_test;

TEST_CASE("a JSON line becomes a record, whatever the order of its members") {
  const auto bid =
      parse<Bid>(R"( { "price": 3, "extra": {"a": [1, {"price": 9}]}, "bidder": "Ann" } )");
  REQUIRE(bid.ok());
  CHECK(*bid == Bid{"Ann", 3});
}

TEST_CASE("records of every kind of field come back as JSON as they were written") {
  CHECK(there_and_back(sample()) == sample());
  CHECK(there_and_back(Auction{}) == Auction{});
}

TEST_CASE("JSON is written compactly, in the order of the fields") {
  CHECK(write(sample()) ==
        R"({"id":-9223372036854775808,"open":true,"side":-1,"at":"2001-01-01T00:41:00Z",)"
        R"("bids":[{"bidder":"Ann","price":1.5},{"bidder":"B\"ob\n","price":-0.1}],)"
        R"("best":{"bidder":"é€😀","price":3},"counts":{"":1,"a b":-2},)"
        R"("names":[[-1,"minus"],[7,"seven"]],"pair":[0.1,"x"],"tuple":[120,null,[true,false]]})"
        "\n");
  CHECK(write(EventTime{42}, {.times = TimeStyle::Milliseconds}) == "42\n");
}

TEST_CASE("times are read as text and as milliseconds, and optionals from null and from nothing") {
  CHECK(*parse<EventTime>("\"2001-01-01T00:41:00Z\"") == EventTime{978309660000});
  CHECK(*parse<EventTime>("978309660000") == EventTime{978309660000});
  CHECK(there_and_back(EventTime::max()) == EventTime::max());
  CHECK(*parse<std::optional<int>>("null") == std::nullopt);
  CHECK(*parse<std::optional<int>>("7") == 7);
  auto line = write(sample());
  line.replace(line.find("\"best\""), 6, "\"last\"");
  CHECK(parse<Auction>(line)->best == std::nullopt);
}

TEST_CASE("durations are milliseconds, and read as text with a unit too") {
  CHECK(there_and_back(Timeout{90s, 250ms}) == Timeout{90s, 250ms});
  CHECK(write(Timeout{90s, std::nullopt}) == "{\"after\":90000,\"pause\":null}\n");
  CHECK(*parse<Timeout>(R"({"after": "2h", "pause": -5})") == Timeout{2h, -5ms});
  CHECK(error_of<Timeout>(R"({"after": 1.5})") ==
        "bids.jsonl:12:11: 1.5 is not a duration like \"10s\" or \"5min\", or milliseconds for field 'after' (duration)");
}

TEST_CASE("of a repeated member the last counts") {
  CHECK(parse<Bid>(R"({"bidder":"Ann","price":1,"price":2})")->price == 2);
}

TEST_CASE("doubles come back bit by bit") {
  for (const double number : {0.0, -0.0, 0.1, 1e22, 9007199254740993.0, 1.8446744073709552e19,
                              5e-324, std::numeric_limits<double>::max(), -123456.789}) {
    CAPTURE(number);
    const double back = there_and_back(number);
    CHECK(back == number);
    CHECK(std::signbit(back) == std::signbit(number));
  }
}

TEST_CASE("a number that is not finite is written as null, which only an optional takes") {
  CHECK(write(Bid{"x", std::numeric_limits<double>::quiet_NaN()}) ==
        "{\"bidder\":\"x\",\"price\":null}\n");
  CHECK(write(std::numeric_limits<double>::infinity()) == "null\n");
  CHECK(there_and_back(std::optional<double>(-std::numeric_limits<double>::infinity())) ==
        std::nullopt);
  CHECK(error_of<Bid>(R"({"bidder":"x","price":null})") ==
        "bids.jsonl:12:23: null is not a number for field 'price' (float64); NaN and infinity are "
        "written as null: "
        "declare it std::optional to read that");
}

TEST_CASE("bytes that are not UTF-8 are written as the replacement character") {
  CHECK(write(std::string("a\xff"
                          "b")) ==
        "\"a\xEF\xBF\xBD"
        "b\"\n");
  CHECK(there_and_back(std::string("\x01\x7f \\ \"\0", 7)) == std::string("\x01\x7f \\ \"\0", 7));
}

TEST_CASE("a value of another kind is refused with its place and path") {
  CHECK(error_of<Bid>(R"({"bidder":"Ann","price":"abc"})") ==
        "bids.jsonl:12:25: 'abc' is not a number for field 'price' (float64)");
  CHECK(error_of<Bid>(R"({"bidder":[1,"}"],"price":1})") ==
        "bids.jsonl:12:11: an array is not a text for field 'bidder' (text)");
  CHECK(error_of<Bid>(R"({"bidder":null,"price":1})") ==
        "bids.jsonl:12:11: null is not a text for field 'bidder' (text); declare it std::optional "
        "to allow null");
  CHECK(error_of<std::vector<std::vector<Bid>>>(
            R"([[],[{"bidder":"\"]","price":1},{"bidder":"b","price":{}}]])") ==
        "bids.jsonl:12:55: an object is not a number for field '[1][1].price' (float64)");
  CHECK(error_of<Bid>("5") == "bids.jsonl:12:1: 5 is not an object for the line (record)");
  CHECK(error_of<bool>("1") == "bids.jsonl:12:1: 1 is not true or false for the line (bool)");
  CHECK(error_of<int>(" 1.0") == "bids.jsonl:12:2: 1.0 is not an integer for the line (int32)");
  CHECK(error_of<EventTime>("\"noon\"") ==
        "bids.jsonl:12:1: 'noon' is not a time like \"2001-01-01T00:47:00Z\" or milliseconds since "
        "1970 for the line "
        "(time)");
}

TEST_CASE("values in maps, tuples and optionals are found by their path") {
  CHECK(error_of<std::map<std::string, Bid>>(R"({"a\nb":{"bidder":"x","price":true}})") ==
        "bids.jsonl:12:31: true is not a number for field '['a\\x0ab'].price' (float64)");
  CHECK(error_of<std::map<int, int>>(R"([[1,2],[3,"x"]])") ==
        "bids.jsonl:12:11: 'x' is not a number for field '[1][1]' (int32)");
  CHECK(error_of<std::map<int, int>>("{}") ==
        "bids.jsonl:12:1: an object is not an array for the line (list)");
  CHECK(error_of<std::pair<int, int>>("[1,2,3]") ==
        "bids.jsonl:12:1: an array of another size for the line (tuple)");
  auto line = write(sample());
  line.replace(line.find("\"best\":{"), 8, "\"best\":{\"price\":[],");
  CHECK(error_of<Auction>(line).find("an array is not a number for field 'best.price' (float64)") !=
        std::string::npos);
}

TEST_CASE("a number beyond its type is refused") {
  CHECK(error_of<Limits>(R"({"small":256,"large":0,"narrow":0})") ==
        "bids.jsonl:12:10: 256 is out of range for field 'small' (uint8)");
  CHECK(error_of<Limits>(R"({"small":0,"large":18446744073709551616,"narrow":0})") ==
        "bids.jsonl:12:20: 18446744073709551616 is out of range for field 'large' (uint64)");
  CHECK(error_of<Limits>(R"({"small":0,"large":-1,"narrow":0})") ==
        "bids.jsonl:12:20: -1 is out of range for field 'large' (uint64)");
  CHECK(error_of<Limits>(R"({"small":0,"large":0,"narrow":1e39})") ==
        "bids.jsonl:12:31: 1e39 is out of range for field 'narrow' (float32)");
  CHECK(error_of<double>("1e999") == "bids.jsonl:12:5: '1e999' is beyond the range of a double");
}

TEST_CASE("a missing member is named with its path") {
  CHECK(error_of<Bid>(R"({"bidder":"Ann"})") ==
        "bids.jsonl:12:1: no member for field 'price' (float64); declare it std::optional to allow "
        "that");
  CHECK(error_of<std::vector<Bid>>(R"([{"bidder":"Ann","price":1},{"price":1}])") ==
        "bids.jsonl:12:29: no member for field '[1].bidder' (text); declare it std::optional to "
        "allow that");
}

TEST_CASE("text that is not JSON is refused where it stops being JSON") {
  CHECK(error_of<Bid>(R"({"bidder":"Ann",price:1})") ==
        "bids.jsonl:12:17: invalid JSON near '\"Ann\",p'");
  CHECK(error_of<Bid>(R"({"bidder":"Ann")") == "bids.jsonl:12:16: the JSON text ends too early");
  CHECK(error_of<int>("1 2") == "bids.jsonl:12:3: invalid JSON near '2'");
  CHECK(error_of<double>("NaN") == "bids.jsonl:12:1: invalid JSON near 'N'");
  CHECK(error_of<int>(std::string_view("1\0", 2)) == "bids.jsonl:12:2: a zero byte is not JSON");
  CHECK(error_of<std::string>("\"\xff\"") == "bids.jsonl:12:2: invalid JSON near '\"\xff'");
}

TEST_CASE("nesting as deep as a row is long is read or refused, not fatal") {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  CHECK(error_of<int>(deep) == "bids.jsonl:12:1: an array is not a number for the line (int32)");
  CHECK(parse<Bid>("{\"bidder\":\"a\",\"price\":1,\"x\":" + deep + "}").ok());
}

TEST_CASE("a reader takes many lines, good and bad") {
  auto reader = JsonFormat<Bid>().reader("bids.jsonl");
  CHECK(reader.parse({.text = R"({"bidder":"Ann","price":1})"})->bidder == "Ann");
  CHECK_FALSE(reader.parse({.text = R"({"bidder":[[[1)"}).ok());
  CHECK(reader.parse({.text = R"({"bidder":"Bob","price":2})"})->bidder == "Bob");
}

TEST_CASE("a line beyond the limit is refused as JSON") {
  CHECK(JsonFormat<int>()
            .reader("bids.jsonl")
            .parse({.text = "12", .begin = {0, 3}, .cut = true})
            .error()
            .message == "bids.jsonl:3:1: row is longer than 2 bytes; raise max_row_bytes");
}
