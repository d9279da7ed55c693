#include <weir/base/backtrace_line.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("a function's name in a line of a backtrace is readable") {
  CHECK(readable_backtrace_line("/j.so(_ZN4weir4Task3runEv+0x1f)[0x7f00]") == "/j.so(weir::Task::run()+0x1f)[0x7f00]");
  CHECK(readable_backtrace_line("weir(_ZSt4sortIPiEvT_S1_)[0x1]") == "weir(void std::sort<int*>(int*, int*))[0x1]");
}

TEST_CASE("other text stays as it is") {
  for (const std::string line : {"", "the worker crashed; backtrace:", "/lib/libc.so.6(abort+0xd3)[0x7f]", "/lib/job.so(+0x1234)[0x7f]",
                                 "f(_Znonsense)", "(_ZN", "(_Z)", "(_ZN4weir4Task3runEv"}) {
    CAPTURE(line);
    CHECK(readable_backtrace_line(line) == line);
  }
}

TEST_CASE("a short name that stands for an endless one stays as it is") {
  std::string name = "_Z1f1AMS_S_MS0_S0_";
  const std::string numbers = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const char number : numbers) name += std::string("MS") + number + "_S" + number + "_";
  const std::string line = "job.so(" + name + "+0x1)[0x1]";
  CHECK(readable_backtrace_line(line) == line);
  const std::string pointers = "job.so(_Z1f" + std::string(1'000'000, 'P') + "i+0x1)[0x1]";
  CHECK(readable_backtrace_line(pointers) == pointers);
}
