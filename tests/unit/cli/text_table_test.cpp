#include <doctest/doctest.h>

#include <weir/cli/printable.hpp>
#include <weir/cli/settings.hpp>
#include <weir/cli/text_table.hpp>
#include <weir/base/result.hpp>

using namespace weir;
using namespace weir::cli;

TEST_CASE("columns are as wide as what is in them, numbers to the right, and no line ends in blanks") {
  TextTable table({{"ID", TextTable::Align::Right}, {"NAME"}, {"STATE"}});
  table.add({"7", "word_count", "running"});
  table.add({"12", "q5", ""});
  CHECK(table.text() ==
        "ID  NAME        STATE\n"
        " 7  word_count  running\n"
        "12  q5\n");
}

TEST_CASE("a table without rows has its titles") {
  CHECK(TextTable({{"A"}, {"B"}}).text() == "A  B\n");
}

TEST_CASE("letters of several bytes are one column wide, and a terminal's controls do nothing") {
  TextTable table({{"NAME"}, {"X"}});
  table.add({"gr\xc3\xb6\xc3\x9f", "1"});
  table.add({"a\x1b[2J\n", "2"});
  CHECK(table.text() ==
        "NAME    X\n"
        "gr\xc3\xb6\xc3\x9f    1\n"
        "a?[2J?  2\n");
  CHECK(printable("\xc2\x9b" "31m") == "?31m");
  CHECK(printable_lines("a\tb\n\x07") == "a\tb\n?");
}

TEST_CASE("a setting is a name and a value") {
  CHECK(parse_settings({"a=1", "b=x=y", "c="}) == std::map<std::string, std::string>{{"a", "1"}, {"b", "x=y"}, {"c", ""}});
  CHECK_THROWS_WITH_AS(parse_settings({"loud"}), "--set wants NAME=VALUE, not 'loud'; a flag is set by loud=true", Failure);
  CHECK_THROWS_WITH_AS(parse_settings({"=1"}), "--set wants NAME=VALUE, not '=1'", Failure);
  CHECK_THROWS_WITH_AS(parse_settings({"--a=1"}), "--set wants NAME=VALUE, not '--a=1'", Failure);
  CHECK_THROWS_WITH_AS(parse_settings({"a=1", "a=2"}), "--set a was given twice", Failure);
}
