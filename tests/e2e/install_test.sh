#!/usr/bin/env bash
# Does what the README tells a newcomer: installs Weir to a fresh prefix, writes the first pipeline as it stands there, builds
# it outside the tree and runs it. Then makes the mistakes that newcomers make, each of which must be told in one line.
# usage: install_test.sh BUILD_DIRECTORY
set -euo pipefail
build=$1
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "error: $*"
  exit 1
}

# The first block of the language in the README.
block() { awk -v fence='```'"$1" '$0 == fence { on = 1; next } on && /^```/ { exit } on' "$source/README.md"; }

cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log" || { cat "$scratch/install.log"; exit 1; }
# A link would lead back into the source tree and hide a header that was not installed.
! find "$scratch/prefix" -type l | grep . || fail "the links above were installed instead of files"

block cpp >"$scratch/snippet.cpp"
tail -n +2 "$source/examples/cpu_average.cpp" | diff - "$scratch/snippet.cpp" ||
  fail "the README's pipeline is not that of examples/cpu_average.cpp"

mkdir "$scratch/first" && cd "$scratch/first"
block cmake >CMakeLists.txt
cp "$scratch/snippet.cpp" cpu_average.cpp
eval "$(grep "^printf 'host" "$source/README.md")"
cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$scratch/prefix" >cmake.log || { cat cmake.log; exit 1; }
grep -q "^Weir_DIR:PATH=$scratch/prefix/" build/CMakeCache.txt || fail "the project found another Weir than the one just installed"
cmake --build build >build.log || { cat build.log; exit 1; }
build/cpu_average --help >/dev/null
build/cpu_average --input readings.csv >rows.txt
cat rows.txt
# a has windows that end at 00:01 to 00:06, b at 00:03 to 00:07; only those that end after 00:01 have both of a's readings.
[[ $(grep -c '\ba\b' rows.txt) == 6 && $(grep -c '\bb\b' rows.txt) == 5 ]] || fail "the first pipeline's rows are wrong"
[[ $(grep '\ba\b' rows.txt | grep -c '0\.6') == 4 ]] || fail "the means are wrong"

# mistake TEXT WITH MESSAGE: in the program, TEXT is replaced; the first error that the compiler prints is MESSAGE.
mistake() {
  python3 - "$1" "$2" <<'END'
import pathlib, sys
text = pathlib.Path("cpu_average.cpp").read_text()
assert sys.argv[1] in text, sys.argv[1]
pathlib.Path("mistake.cpp").write_text(text.replace(sys.argv[1], sys.argv[2]))
END
  ! g++ -std=c++20 -fsyntax-only -I"$scratch/prefix/include" mistake.cpp 2>errors.txt || fail "'$2' compiles"
  [[ $(grep -c 'error:' errors.txt) == 1 ]] || { cat errors.txt; fail "'$2' gives more than one error"; }
  grep -F "$3" errors.txt | head -n 1 | grep -q 'error:' || { cat errors.txt; fail "'$2' is not explained"; }
}
mistake '.key_by(&Reading::host)' '.filter([](const std::string& host) { return host != ""; }).key_by(&Reading::host)' \
  'filter: the predicate must take one record of the stream by const reference and return bool'
mistake '.key_by(&Reading::host)' '.map([](int n) { return n; }).key_by(&Reading::host)' \
  'map: the function must take one record of the stream and return a value'
mistake 'event_time(&Reading::at,' 'event_time(&Reading::cpu,' 'event_time: give a member or a function of one record that is a weir::EventTime'
mistake 'weir::mean(&Reading::cpu)' 'weir::mean(&Reading::host)' 'mean: give a member, or a function of one record, that is a number'
mistake '.window(weir::sliding(5min, 1min), {.allowed_lateness = 30s})' '.window(5min)' 'window: give tumbling(5min)'
mistake '.key_by(&Reading::host)' '.flat_map([](const Reading& r, auto&& out) { out(r); }).key_by(&Reading::host)' \
  'flat_map: give the type of what it yields, as in flat_map<Word>(...)'
