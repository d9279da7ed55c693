#!/usr/bin/env python3
"""Inclusion goes downwards only, and each third-party library stays in its layer.

CMake makes this a link rule; headers could still reach upwards unseen, since all of them lie in one include
directory. This test reads every #include of the tree.
"""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOP_LEVEL = {"CMakeLists.txt", "README.md", "LICENSE",
             "runtime", "operators", "connectors", "state", "tests", "examples", "deploy"}

FOLDERS = {
    "base": "runtime/base",
    "record": "runtime/record",
    "state": "state",
    "consensus": "runtime/consensus",
    "dataflow": "runtime/dataflow",
    "graph": "runtime/graph",
    "coordination": "runtime/coordination",
    "wire": "runtime/wire",
    "actors": "runtime/actors",
    "node": "runtime/node",
    "cli": "runtime/cli",
    "operators": "operators",
    "connectors": "connectors",
}
STACK = ["base", "record", "state", "dataflow", "graph", "coordination", "wire", "actors", "node", "cli"]
ALLOWED = {layer: set(STACK[: STACK.index(layer) + 1]) for layer in STACK}
for side in ("operators", "connectors"):
    ALLOWED[side] = ALLOWED["graph"] | {side}
# The cluster's log knows nothing of jobs; only what runs a cluster knows the log.
ALLOWED["consensus"] = ALLOWED["state"] | {"consensus"}
for user in ("actors", "node", "cli"):
    ALLOWED[user] = ALLOWED[user] | {"consensus"}

# The one header that gathers what a pipeline author includes.
UMBRELLA = "operators/weir.hpp"

# Header prefix -> layers whose sources may include it. Layers in HEADERS_TOO may do so in headers as well.
THIRD_PARTY = {
    "caf/": {"actors"},
    "lmdb.h": {"state"},
    "raft.h": {"consensus"},
    "capnp/": {"record", "state", "wire", "consensus"},
    "kj/": {"record", "state", "wire", "consensus"},
    "CLI/": {"node", "cli"},
    "nlohmann/": {"connectors", "node", "cli"},
    "openssl/": {"node"},
    "toml++/": {"node"},
    "httplib.h": {"node", "cli"},
    "xxhash.h": {"base"},
}
HEADERS_TOO = {"caf/": {"actors"}, "raft.h": {"consensus"}, "openssl/": {"node"}}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def layer_of(path):
    for layer, folder in FOLDERS.items():
        if path.startswith(folder + "/"):
            return layer
    return None


def violations(path, text):
    """What is wrong with the includes of one file; path is relative to the project's root."""
    layer = layer_of(path)
    is_header = path.endswith(".hpp")
    for quote, included in INCLUDE.findall(text):
        if included.startswith("weir/") and layer and path != UMBRELLA:
            target = included.split("/")[1]
            if target not in ALLOWED[layer]:
                yield f"{path}: layer {layer} must not include <{included}>"
        elif layer and quote == '"' and ".." in included:
            yield f'{path}: include "{included}" as <weir/...>'
        elif quote == '"' and included.endswith(".capnp.h") and is_header:
            yield f'{path}: "{included}" belongs in a .cpp'
        for prefix, layers in THIRD_PARTY.items():
            if not included.startswith(prefix):
                continue
            if path.startswith("tests/"):
                # Tests of the actors may drive CAF's own test scheduler; a benchmark compares with CAF itself.
                if prefix == "caf/" and "actors" not in path.split("/") and not path.startswith("tests/bench/cluster/"):
                    yield f"{path}: only runtime/actors and its tests include <{included}>"
            elif layer not in layers:
                homes = ", ".join(sorted(FOLDERS[home] for home in layers))
                yield f"{path}: only {homes} may include <{included}>"
            elif is_header and layer not in HEADERS_TOO.get(prefix, set()):
                yield f"{path}: <{included}> belongs in a .cpp"


def sources():
    for folder in ("runtime", "state", "operators", "connectors", "examples", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp"):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


class Tree(unittest.TestCase):
    def test_includes_go_downwards_only(self):
        found = [problem for path, text in sources() for problem in violations(path, text)]
        self.assertEqual([], found, "\n" + "\n".join(found))

    def test_every_source_of_the_runtime_lies_in_a_layer(self):
        strays = [path for path, _ in sources()
                  if path.startswith(("runtime/", "state/", "operators/", "connectors/")) and not layer_of(path)]
        self.assertEqual([], strays)

    def test_the_top_level_holds_nothing_else(self):
        present = {path.name for path in ROOT.iterdir()
                   if not path.name.startswith((".", "build"))}
        self.assertEqual(set(), present - TOP_LEVEL)


class Rule(unittest.TestCase):
    def refused(self, path, text):
        self.assertEqual(1, len(list(violations(path, text))), f"{path}: {text}")

    def accepted(self, path, text):
        self.assertEqual([], list(violations(path, text)))

    def test_a_lower_layer_may_be_included(self):
        self.accepted("runtime/dataflow/task.cpp", "#include <weir/state/table.hpp>")
        self.accepted("operators/window/sliding.hpp", "#include <weir/graph/job_graph.hpp>")

    def test_an_upper_layer_is_refused(self):
        self.refused("runtime/base/time.hpp", "#include <weir/record/schema.hpp>")
        self.refused("state/table.cpp", "  #  include <weir/dataflow/batch.hpp>")
        self.refused("operators/map.hpp", "#include <weir/node/engine.hpp>")

    def test_the_log_of_a_cluster_knows_no_jobs(self):
        self.accepted("runtime/actors/coordinator.cpp", "#include <weir/consensus/replicated_log.hpp>")
        self.refused("runtime/coordination/placement.cpp", "#include <weir/consensus/replicated_log.hpp>")
        self.refused("runtime/consensus/raft_server.cpp", "#include <weir/graph/plan.hpp>")
        self.refused("runtime/node/engine.cpp", "#include <raft.h>")

    def test_operators_and_connectors_do_not_know_each_other(self):
        self.refused("operators/map.hpp", "#include <weir/connectors/csv.hpp>")
        self.refused("connectors/csv.cpp", "#include <weir/operators/map.hpp>")

    def test_only_the_umbrella_header_reaches_everything(self):
        self.accepted(UMBRELLA, "#include <weir/connectors/csv.hpp>")
        self.refused("operators/pipeline.hpp", "#include <weir/weir.hpp>")

    def test_caf_stays_with_the_actors(self):
        self.accepted("runtime/actors/task_actor.hpp", "#include <caf/actor.hpp>")
        self.refused("runtime/node/engine.cpp", "#include <caf/actor_system.hpp>")
        self.refused("examples/word_count.cpp", "#include <caf/actor.hpp>")
        self.refused("tests/sim/pipeline.cpp", "#include <caf/actor.hpp>")
        self.accepted("tests/unit/actors/task_actor_test.cpp", "#include <caf/actor.hpp>")

    def test_third_party_headers_stay_out_of_our_headers(self):
        self.accepted("state/checkpoint_store.cpp", "#include <lmdb.h>")
        self.refused("state/checkpoint_store.hpp", "#include <lmdb.h>")
        self.refused("runtime/record/columns.hpp", '#include "columns.capnp.h"')
        self.refused("runtime/dataflow/batch.cpp", "#include <capnp/message.h>")

    def test_paths_through_the_parent_folder_are_refused(self):
        self.refused("state/table.cpp", '#include "../runtime/dataflow/batch.hpp"')


if __name__ == "__main__":
    unittest.main()
