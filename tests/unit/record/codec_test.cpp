// Values through columns and back, and columns read by a later version of their type.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <weir/record/codec.hpp>

using namespace weir;

namespace codec_test {

enum class Colour : std::uint8_t { Red, Green };

struct Inner {
  std::int16_t small = 0;
  std::vector<std::string> words;
  friend bool operator==(const Inner&, const Inner&) = default;
};
WEIR_RECORD(Inner, small, words);

struct Everything {
  bool flag = false;
  std::int8_t i8 = 0;
  std::uint16_t u16 = 0;
  std::int32_t i32 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  Colour colour = Colour::Red;
  EventTime at;
  Duration span{0};
  std::string text;
  std::optional<std::string> maybe;
  std::optional<std::optional<std::int32_t>> nested;
  std::vector<Inner> inners;
  std::vector<std::optional<double>> gaps;
  std::map<std::string, std::vector<std::int64_t>> table;
  std::tuple<std::int32_t, std::string, Inner> tuple;
  std::pair<bool, double> pair;
  friend bool operator==(const Everything&, const Everything&) = default;
};
WEIR_RECORD(Everything, flag, i8, u16, i32, u64, f32, f64, colour, at, span, text, maybe, nested, inners, gaps, table, tuple, pair);

// One type in two versions.
struct Order {
  std::int32_t id = 0;
  std::string item;
  float price = 0;
  std::int64_t dropped = 0;
};
WEIR_RECORD(Order, id, item, price, dropped);

struct LaterOrder {
  double price = 0;
  std::string currency = "EUR";
  std::int64_t id = 0;
  std::optional<std::string> item;
  std::vector<std::int32_t> tags{1};
};
WEIR_RECORD(LaterOrder, price, currency, id, item, tags);

struct Narrower {
  std::int16_t id = 0;
};
WEIR_RECORD(Narrower, id);

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::uint64_t bits() { return random_(); }
  std::size_t up_to(std::size_t most) { return random_() % (most + 1); }
  std::string text() {
    std::string text(up_to(12), ' ');
    for (char& c : text) c = static_cast<char>(random_());
    return text;
  }
  Inner inner() {
    Inner made{static_cast<std::int16_t>(bits()), {}};
    for (std::size_t i = up_to(3); i > 0; --i) made.words.push_back(text());
    return made;
  }
  Everything everything() {
    Everything made;
    made.flag = bits() % 2;
    made.i8 = static_cast<std::int8_t>(bits());
    made.u16 = static_cast<std::uint16_t>(bits());
    made.i32 = static_cast<std::int32_t>(bits());
    made.u64 = bits();
    made.f32 = static_cast<float>(bits());
    made.f64 = bits() % 5 == 0 ? -std::numeric_limits<double>::infinity() : static_cast<double>(bits());
    made.colour = bits() % 2 ? Colour::Green : Colour::Red;
    made.at = bits() % 7 == 0 ? EventTime::min() : EventTime{static_cast<std::int64_t>(bits())};
    made.span = Duration(static_cast<std::int64_t>(bits()));
    made.text = text();
    if (bits() % 2) made.maybe = text();
    if (bits() % 2) made.nested.emplace();
    if (made.nested && bits() % 2) *made.nested = static_cast<std::int32_t>(bits());
    for (std::size_t i = up_to(3); i > 0; --i) made.inners.push_back(inner());
    for (std::size_t i = up_to(3); i > 0; --i) made.gaps.push_back(bits() % 2 ? std::optional<double>(i) : std::nullopt);
    for (std::size_t i = up_to(3); i > 0; --i) made.table[text()] = std::vector<std::int64_t>(up_to(3), static_cast<std::int64_t>(bits()));
    made.tuple = {static_cast<std::int32_t>(bits()), text(), inner()};
    made.pair = {bits() % 2 == 0, 0.5};
    return made;
  }

 private:
  std::mt19937_64 random_;
};

template <class T>
Columns block_of(const std::vector<T>& values) {
  Columns block(Codec<T>::columns);
  for (const T& value : values) Codec<T>::write(block, 0, value);
  block.rows = static_cast<std::uint32_t>(values.size());
  return block;
}

template <class T>
std::vector<T> read_all(const Columns& block, const Schema& stored) {
  Cursors in(block, bind(Codec<T>::schema(), stored).or_throw());
  std::vector<T> values;
  for (std::uint32_t row = 0; row < block.rows; ++row) {
    T value{};
    Codec<T>::read(in, 0, value);
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace codec_test

using namespace codec_test;

TEST_CASE("every value comes back from its columns, packed or not") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    std::vector<Everything> values;
    for (std::size_t i = draw.up_to(30); i > 0; --i) values.push_back(draw.everything());
    const Columns block = block_of(values);
    CHECK(column_count(Codec<Everything>::schema()) == Codec<Everything>::columns);
    CHECK(read_all<Everything>(block, Codec<Everything>::schema()) == values);
    CHECK(read_all<Everything>(block.copy(), Codec<Everything>::schema()) == values);
    CHECK(read_all<Everything>(unpack(pack(block).or_throw()).or_throw(), Codec<Everything>::schema()) == values);
  }
}

TEST_CASE("a run of values gives the columns that the values give one by one, and back") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    std::vector<Everything> values;
    for (std::size_t i = draw.up_to(30); i > 0; --i) values.push_back(draw.everything());
    const std::size_t first = draw.up_to(values.size());  // behind these, which are there before
    Columns block = block_of(std::vector<Everything>(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(first)));
    write_run<Everything>(block, 0, values.size() - first, [&](std::size_t i) -> const Everything& { return values[first + i]; });
    block.rows = static_cast<std::uint32_t>(values.size());
    CHECK(pack(block).or_throw() == pack(block_of(values)).or_throw());

    const Schema schema = Codec<Everything>::schema();
    Cursors in(block, bind(schema, schema).or_throw());
    std::vector<Everything> back(values.size());
    for (std::size_t i = 0; i < first; ++i) Codec<Everything>::read(in, 0, back[i]);
    read_run<Everything>(in, 0, values.size() - first, [&](std::size_t i) -> Everything& { return back[first + i]; });
    CHECK(back == values);
  }
}

TEST_CASE("a later version reads a run as it reads single values") {
  const Columns block = block_of<Order>({{7, "pen", 1.5F, 9}, {8, "ink", 2.5F, 9}});
  Cursors in(block, bind(Codec<LaterOrder>::schema(), Codec<Order>::schema()).or_throw());
  std::vector<LaterOrder> later(2);
  read_run<LaterOrder>(in, 0, 2, [&](std::size_t i) -> LaterOrder& { return later[i]; });
  CHECK(later[1].price == 2.5);
  CHECK(later[1].currency == "EUR");
  CHECK(later[1].id == 8);
  CHECK(later[1].item == "ink");
  CHECK(later[1].tags == std::vector<std::int32_t>{1});
}

TEST_CASE("a run that is longer than its columns is a failure, not a crash") {
  const Columns order = block_of<Order>({{7, "pen", 1.5F, 9}});
  Cursors numbers(order, bind(Codec<Order>::schema(), Codec<Order>::schema()).or_throw());
  std::vector<Order> orders(2);
  CHECK_THROWS_AS(read_run<Order>(numbers, 0, 2, [&](std::size_t i) -> Order& { return orders[i]; }), Failure);
  const Columns text = block_of<std::string>({"one"});
  Cursors texts(text, {{0, Kind::Text}});
  std::vector<std::string> read(2);
  CHECK_THROWS_AS(read_run<std::string>(texts, 0, 2, [&](std::size_t i) -> std::string& { return read[i]; }), Failure);
}

TEST_CASE("a packed block has the same bytes in every version") {
  using Row = std::tuple<std::int32_t, std::string, std::optional<std::string>>;
  const auto bytes = pack(block_of<Row>({{7, "pen", std::nullopt}, {8, "", "x"}})).or_throw();
  std::string digits;
  for (const std::byte byte : bytes) {
    for (const int shift : {4, 0}) digits += "0123456789abcdef"[(static_cast<int>(byte) >> shift) & 15];
  }
  CHECK(digits ==
        "0000000012000000" "0000000001000100" "0200000000000000" "0100000047000000" "1000000000000200" "1d00000042000000"
        "1d00000004000000" "190000001a000000" "1900000014000000" "1900000012000000" "1900000004000000" "150000000a000000"
        "150000000c000000" "0700000008000000" "70656e0000000000" "0300000003000000" "0001000000000000" "7800000000000000"
        "0100000000000000");
}

TEST_CASE("what is read in place is what was packed, and offsets that leave the bytes are refused") {
  Columns block = block_of<std::string>({"pen", "", "ink"});
  const auto bytes = pack(block).or_throw();
  const ColumnsView view = unpack_in_place(bytes).or_throw();
  CHECK(view.rows == 3);
  REQUIRE(view.columns.size() == 1);
  CHECK(std::equal(view.columns[0].data.begin(), view.columns[0].data.end(), block.columns[0].data.bytes().begin()));
  CHECK(view.columns[0].data.data() >= bytes.data());
  for (const std::vector<std::uint32_t>& ends : {std::vector<std::uint32_t>{3, 2, 6}, {3, 3, 7}, {7, 7, 7}}) {
    block.columns[0].ends.clear();
    for (const std::uint32_t end : ends) block.columns[0].ends.append(end);
    const auto wrong = pack(block).or_throw();
    CHECK(!unpack_in_place(wrong));
    CHECK(!unpack(wrong));
  }
}

TEST_CASE("NaN survives") {
  const auto back = read_all<double>(block_of<double>({std::nan("")}), Codec<double>::schema());
  CHECK(std::isnan(back.at(0)));
}

TEST_CASE("a later version reads by name: fields come, go, move, widen and become optional") {
  const Columns block = block_of<Order>({{7, "pen", 1.5F, 9}, {8, "ink", 2.5F, 9}});
  const auto later = read_all<LaterOrder>(block, Codec<Order>::schema());
  REQUIRE(later.size() == 2);
  CHECK(later[1].price == 2.5);
  CHECK(later[1].currency == "EUR");
  CHECK(later[1].id == 8);
  CHECK(later[1].item == "ink");
  CHECK(later[1].tags == std::vector<std::int32_t>{1});
}

TEST_CASE("a field that became narrower is refused with its path") {
  const auto bound = bind(Codec<std::vector<Narrower>>::schema(), Codec<std::vector<Order>>::schema());
  REQUIRE(!bound);
  CHECK(bound.error().message == "field 'value[0].id' was stored as int32 and cannot be read as int16");
}

TEST_CASE("a duration is not read from a bare number, whose unit is unknown") {
  const auto bound = bind(Codec<Duration>::schema(), Codec<std::int64_t>::schema());
  REQUIRE_FALSE(bound.ok());
  CHECK(bound.error().message == "field 'value' was stored as int64 and cannot be read as duration");
}

TEST_CASE("a struct is a record when all of its fields are") {
  struct Unnamed {
    int number;
  };
  static_assert(Record<Everything> && Record<Duration> && Record<std::map<std::string, Everything>>);
  static_assert(!Record<Unnamed> && !Record<std::vector<Unnamed>> && !Record<std::chrono::seconds>);
  CHECK(Codec<Everything>::schema().fields.size() == 18);
}

TEST_CASE("numbers widen where every value fits") {
  const auto widens = [](const Schema& from, const Schema& to) { return bind(to, from).ok(); };
  CHECK(widens(Codec<std::int8_t>::schema(), Codec<std::int64_t>::schema()));
  CHECK(widens(Codec<std::uint8_t>::schema(), Codec<std::int16_t>::schema()));
  CHECK(widens(Codec<std::int32_t>::schema(), Codec<double>::schema()));
  CHECK(widens(Codec<float>::schema(), Codec<double>::schema()));
  CHECK(widens(Codec<bool>::schema(), Codec<int>::schema()));
  CHECK(!widens(Codec<std::int64_t>::schema(), Codec<double>::schema()));
  CHECK(!widens(Codec<std::uint16_t>::schema(), Codec<std::int16_t>::schema()));
  CHECK(!widens(Codec<std::int16_t>::schema(), Codec<std::uint32_t>::schema()));
  CHECK(!widens(Codec<std::string>::schema(), Codec<int>::schema()));
  CHECK(!widens(Codec<EventTime>::schema(), Codec<std::int64_t>::schema()));
  CHECK(read_all<std::int64_t>(block_of<std::int8_t>({-5}), Codec<std::int8_t>::schema()) == std::vector<std::int64_t>{-5});
  CHECK(read_all<std::int32_t>(block_of<std::uint8_t>({200}), Codec<std::uint8_t>::schema()) == std::vector<std::int32_t>{200});
}

TEST_CASE("a block that ends too early is a failure, not a crash") {
  Columns block = block_of<Order>({{7, "pen", 1.5F, 9}});
  block.rows = 2;
  CHECK_THROWS_AS(read_all<Order>(block, Codec<Order>::schema()), Failure);
}

TEST_CASE("a schema's text reads back as the schema") {
  for (const Schema& schema : {Codec<Everything>::schema(), Codec<std::pair<EventTime, Order>>::schema(),
                               Codec<std::map<std::string, std::vector<Inner>>>::schema(), Codec<int>::schema()}) {
    CHECK(parse_schema(to_text(schema)).or_throw() == schema);
  }
  for (const char* bad : {"", "int", "list", "list{", "list{int32,int32}", "map{int32}", "record:R{a}", "int32 ", "int32}", "optional{}"}) {
    CAPTURE(bad);
    CHECK(!parse_schema(bad));
  }
}

TEST_CASE("hashes are the same on every machine") {
  CHECK(hash_of<std::int64_t>(1) == hash_of<std::int32_t>(1));
  CHECK(hash_of(0.0) == hash_of(-0.0));
  CHECK(hash_of<std::int64_t>(42) == 0x810879608e4259ccULL);
  CHECK(hash_of(std::string("weir")) == hash_bytes("weir"));
  CHECK(hash_of(std::make_pair(1, 2)) != hash_of(std::make_pair(2, 1)));
  CHECK(hash_of(std::vector<int>{}) != hash_of(std::vector<int>{0}));
}
