#include <doctest/doctest.h>

#include <weir/connectors/text_lines.hpp>

using namespace weir;

TEST_CASE("text lines come back as they were written") {
  const TextFormat format;
  std::string file = format.header();
  for (const char* line : {"one", "", "with, comma \"and quote\""}) format.append(file, line);
  CHECK(file == "one\n\nwith, comma \"and quote\"\n");

  auto scanner = format.scanner();
  const auto reader = format.reader("f.txt");
  scanner.feed(file);
  CHECK(*reader.parse(*scanner.next()) == "one");
  CHECK(*reader.parse(*scanner.next()) == "");
  CHECK(*reader.parse(*scanner.next()) == "with, comma \"and quote\"");
  CHECK_FALSE(scanner.next().has_value());
}

TEST_CASE("a line beyond the limit is an error with its place") {
  const TextFormat format({.max_row_bytes = 3});
  auto scanner = format.scanner();
  scanner.feed("abc\nabcd\n");
  const auto reader = format.reader("f.txt");
  CHECK(reader.parse(*scanner.next()).ok());
  CHECK(reader.parse(*scanner.next()).error().message ==
        "f.txt:2:1: row is longer than 3 bytes; raise max_row_bytes");
}
