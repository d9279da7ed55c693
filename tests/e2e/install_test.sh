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

# block LANGUAGE [N]: the first, or Nth, block of the language in the README.
block() { awk -v fence='```'"$1" -v n="${2:-1}" '$0 == fence { on = ++seen == n; next } on && /^```/ { exit } on' "$source/README.md"; }

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

# The same job as a bundle, which the installed binary reads.
"$scratch/prefix/bin/weir" worker --describe build/lib/jobs/cpu_average.so --set input=readings.csv --parallelism 2 >described.json ||
  fail "the installed weir does not read the bundle"
python3 -c 'import json; job = json.load(open("described.json")); assert job["name"] == "cpu_average" and job["tasks"] > 2, job' ||
  fail "the installed weir describes the bundle wrongly"
! ldd build/cpu_average | grep -E 'libcrypto|libssl|httplib|tomlplusplus' || fail "a job's program is linked with what only weir uses"

# The job that is given other code, and all that the README says to a cluster. Where no node runs, whatever makes sense ends with 3.
cp "$source/examples/monitoring.cpp" .
eval "$(grep "^ *echo 'weir_add_job(monitoring " "$source/README.md")" >monitoring.log || { cat monitoring.log; exit 1; }
commands=$(sed 's/ *#.*//' "$source/README.md" | tr ';' '\n' | sed 's/^ *//' | grep -E '^weir (submit|savepoint|stop|nodes|jobs|job|logs|checkpoints)\b')
[[ $(wc -l <<<"$commands") -ge 9 ]] || fail "the README says less to a cluster than it did: $commands"
while read -r command; do
  status=0
  (PATH="$scratch/prefix/bin:$PATH" WEIR_NODE=127.0.0.1:1 eval "$command") >said.txt 2>&1 </dev/null || status=$?
  [[ $status == 3 ]] || { cat said.txt; fail "'$command' ends with $status"; }
done <<<"$commands"

# The README's test of a pipeline, which is an example too.
block cpp 2 >"$scratch/testing.cpp"
tail -n +2 "$source/examples/testing.cpp" | diff - "$scratch/testing.cpp" || fail "the README's test is not examples/testing.cpp"
cp "$scratch/testing.cpp" testing.cpp
echo 'weir_add_job(testing testing.cpp)' >>CMakeLists.txt
cmake --build build --target testing >testing.log || { cat testing.log; exit 1; }
[[ $(build/testing) == passed ]] || fail "the README's test does not pass"

# mistake TEXT WITH MESSAGE [STRUCTS]: in the program, TEXT is replaced, and STRUCTS come before the job; then the one error that
# the compiler prints is MESSAGE, with few lines around it.
mistake() {
  python3 - "$1" "$2" "${4:-}" <<'END'
import pathlib, sys
right, wrong, structs = sys.argv[1:]
text = pathlib.Path("cpu_average.cpp").read_text()
assert right in text, right
pathlib.Path("mistake.cpp").write_text(text.replace(right, wrong).replace("WEIR_JOB", structs + "\nWEIR_JOB"))
END
  ! g++ -std=c++20 -fsyntax-only -I"$scratch/prefix/include" mistake.cpp 2>errors.txt || fail "'$2' compiles"
  [[ $(grep -c 'error:' errors.txt) == 1 ]] || { cat errors.txt; fail "'$2' gives more than one error"; }
  grep 'error:' errors.txt | grep -qF "$3" || { cat errors.txt; fail "'$2' is not explained"; }
  [[ $(wc -l <errors.txt) -le 14 ]] || { cat errors.txt; fail "'$2' is explained in too many lines"; }
}
key='.key_by(&Reading::host)'
window='.window(weir::sliding(5min, 1min), {.allowed_lateness = 30s})'
mean='.aggregate("cpu", weir::mean(&Reading::cpu))'
bare='struct Bare { int n = 0; };'
no_record='this type is not a Record; name its fields with WEIR_RECORD(Type, fields...)'
no_name='this operation begins with a name, as in .count("clicks")'

mistake 'WEIR_RECORD(Reading, host, cpu, at);' '' "$no_record"
mistake "$key" ".map([](const Reading& r) { return Bare{int(r.cpu)}; }).filter([](const Bare& b) { return b.n > 0; });
  pipeline.source(\"more\", weir::JsonLines<Reading>{})$key" "$no_record" "$bare"
mistake 'std::string host;' 'std::vector<std::string> host;' 'a CSV record has only numbers'
mistake "$key" '.process("p", F{})'"$key" 'process: give a struct that says what it emits, `using Out = Type;`' \
  'struct F { void process(const Reading&, auto&) {} };'
mistake "$key" '.process("p", [](const Reading& r, auto& context) { context.emit(r); })'"$key" \
  'process: give a struct that says what it emits'
mistake "$mean" '.process("p", [](auto&, auto&&) {})' 'process: give the type of what it yields, as in process<Report>("name", ...)'
mistake "$key" "$key"'.process("p", F{})'"$key" "$no_record" "$bare"'
struct F {
  using Out = Reading;
  weir::Value<Bare> last;
  void open(weir::KeyedState& state) { last = state.value<Bare>("last"); }
  void process(const Reading& reading, auto& context) { last.set({1}); context.emit(reading); }
};'
mistake '.sink("report", weir::Console{})' '.sink(weir::Console{})' "$no_name"
mistake "$mean" '.count()' "$no_name"
mistake '.event_time(&Reading::at, {.out_of_orderness = 5s})' '.event_time(&Reading::at)' \
  'event_time: say how far behind the latest a record may be'
mistake "$key" '.filter([](const std::string& host) { return host != ""; }).key_by(&Reading::host)' \
  'filter: the predicate must take one record of the stream by const reference and return bool'
mistake "$key" '.map([](int n) { return n; }).key_by(&Reading::host)' \
  'map: the function must take one record of the stream and return a value'
mistake 'event_time(&Reading::at,' 'event_time(&Reading::cpu,' 'event_time: give a member or a function of one record that is a weir::EventTime'
mistake 'weir::mean(&Reading::cpu)' 'weir::mean(&Reading::host)' 'mean: give a member, or a function of one record, that is a number'
mistake "$window" '.window(5min)' 'window: give tumbling(5min)'
mistake "$key" '.flat_map([](const Reading& r, auto&& out) { out(r); }).key_by(&Reading::host)' \
  'flat_map: give the type of what it yields, as in flat_map<Word>(...)'

# What the compiler cannot see is refused when the program starts.
sed -i '/\.event_time(/d' cpu_average.cpp
cmake --build build --target cpu_average >late.log || { cat late.log; exit 1; }
! build/cpu_average --input readings.csv >rows.txt 2>&1 || fail "a window without event time runs"
[[ $(wc -l <rows.txt) == 1 ]] && grep -qF "goes by event time, which the records of 'readings' have not" rows.txt ||
  { cat rows.txt; fail "a window without event time is not explained"; }
