#include <weir/node/metrics_text.hpp>

#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <support/prometheus_parser.hpp>

namespace weir {
namespace {

using testing::parse_metrics;
using Type = MetricsText::Type;

std::string label_of(std::string_view value) {
  MetricsText text;
  text.family("weir_jobs", Type::Gauge, "Jobs.");
  text.sample({{"name", value}}, 1);
  return parse_metrics(text.take()).at("weir_jobs").samples.front().labels.at("name");
}

TEST_CASE("a family is its help, its type and its samples") {
  MetricsText text;
  text.family("weir_records_total", Type::Counter, "Records.");
  text.sample({}, 3);
  text.sample({{"task", "1"}, {"job", "2"}}, 0.25);
  CHECK(text.take() ==
        "# HELP weir_records_total Records.\n"
        "# TYPE weir_records_total counter\n"
        "weir_records_total 3\n"
        "weir_records_total{task=\"1\",job=\"2\"} 0.25\n");
}

TEST_CASE("a family without samples is not there") {
  MetricsText text;
  text.family("weir_a", Type::Gauge, "A.");
  text.family("weir_b", Type::Gauge, "B.");
  text.sample({}, 1);
  CHECK(text.take() == "# HELP weir_b B.\n# TYPE weir_b gauge\nweir_b 1\n");
}

TEST_CASE("labels hold quotes, backslashes and newlines") {
  CHECK(label_of("a\"b\\c\nd") == "a\"b\\c\nd");
  CHECK(label_of("} 1\nweir_x 2\n# ") == "} 1\nweir_x 2\n# ");
}

TEST_CASE("labels are UTF-8 whatever names hold") {
  CHECK(label_of("stra\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x98\x80") == "stra\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x98\x80");
  CHECK(label_of("a\xff\xfe" "b") == "a??b");
  CHECK(label_of("\xc3") == "?");
  CHECK(label_of("\xc0\xaf") == "??");          // overlong
  CHECK(label_of("\xed\xa0\x80") == "???");     // half of a pair
  CHECK(label_of(std::string_view("\0\r\t\x7f", 4)) == "????");
}

TEST_CASE("numbers keep every digit, and there are such as are none") {
  MetricsText text;
  text.family("weir_x", Type::Gauge, "X.");
  for (const double value : {978307200.123, 0.1, 1e300, -5.0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    text.sample({{"v", std::to_string(value)}}, value);
  }
  const auto samples = parse_metrics(text.take()).at("weir_x").samples;
  CHECK(samples[0].value == 978307200.123);
  CHECK(samples[1].value == 0.1);
  CHECK(samples[2].value == 1e300);
  CHECK(samples[3].value == -5.0);
  CHECK(samples[4].value == std::numeric_limits<double>::infinity());
  CHECK(samples[5].value == -std::numeric_limits<double>::infinity());
}

TEST_CASE("the parser of these tests refuses what Prometheus would") {
  for (const char* wrong : {"weir_x 1\n", "# HELP weir_x X\n# TYPE weir_x gauge\n", "# HELP weir_x X\n# TYPE weir_x gauge\nweir_x 1",
                            "# HELP weir_x X\n# TYPE weir_x gauge\nweir_x one\n", "# HELP weir_x X\n# TYPE weir_x gauge\nweir_x 1\nweir_x 2\n",
                            "# HELP weir_x X\n# TYPE weir_x counter\nweir_x 1\n", "# HELP weir_x X\n# TYPE weir_x gauge\nweir_x{a=\"\\q\"} 1\n",
                            "# HELP weir_x X\n# TYPE weir_x gauge\nweir_x{a=\"b} 1\n", "# HELP weir_x X\n# TYPE weir_x gauge\nweir_x{1=\"b\"} 1\n"}) {
    CHECK_THROWS_AS(parse_metrics(wrong), std::runtime_error);
  }
}

}  // namespace
}  // namespace weir
