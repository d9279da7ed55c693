#!/usr/bin/env bash
# Installs Weir to a fresh prefix and builds a project outside the tree with find_package(Weir) and weir_add_job.
# usage: install_test.sh BUILD_DIRECTORY      exit status 77: nothing to test yet
set -euo pipefail
build=$1
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
job=$source/examples/word_count.cpp
if [[ ! -e $source/operators/weir.hpp || ! -e $job ]]; then
  echo "skipped: no operators/weir.hpp or no examples/word_count.cpp"
  exit 77
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log" ||
  { cat "$scratch/install.log"; exit 1; }

# A link would lead back into the source tree and hide a header that was not installed.
if find "$scratch/prefix" -type l | grep .; then
  echo "error: the links above were installed instead of files"
  exit 1
fi

mkdir "$scratch/project"
cp "$job" "$scratch/project/"
cat >"$scratch/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(WordCount LANGUAGES CXX)
find_package(Weir 0.1 REQUIRED)
weir_add_job(word_count word_count.cpp)
END
cmake -S "$scratch/project" -B "$scratch/project/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
  -DCMAKE_PREFIX_PATH="$scratch/prefix"
cmake --build "$scratch/project/build"

grep -q "^Weir_DIR:PATH=$scratch/prefix/" "$scratch/project/build/CMakeCache.txt" ||
  { echo "error: the project found another Weir than the one just installed"; exit 1; }
"$scratch/project/build/word_count" --help
