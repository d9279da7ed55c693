#!/usr/bin/env python3
"""Figures of a cluster on this machine: recovery, remote throughput, CPU. Prints a table, and JSON with --json FILE.

   tests/bench/cluster/cluster_bench.py [--build DIR] [--rounds N] [--only recovery|throughput] [--text-bytes N] [--json FILE]

Every figure is a median of rounds, with the least and the greatest beside it. Daemons listen on loopback and free ports, and are
ended by their process ids.
"""
import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PATIENCE = 60  # seconds until something counts as hung
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_true(what, test, pause=0.05):
    end = time.monotonic() + PATIENCE
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            sys.exit(f"never: {what}")
        time.sleep(pause)


def cpu_seconds(pid):
    """Of a process so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def loopback_bytes():
    for line in Path("/proc/net/dev").read_text().splitlines():
        if line.strip().startswith("lo:"):
            return int(line.split(":")[1].split()[0])
    return 0


class Cluster:
    def __init__(self, build, directory, nodes, options, keys=None):
        self.weir = build / "bin" / "weir"
        self.jobs = build / "lib" / "jobs"
        self.directory = directory
        self.options = options
        self.tls, self.client = [], []
        if keys:
            self.tls = ["--tls-certificate", keys / "node.pem", "--tls-key", keys / "node.key", "--tls-ca", keys / "ca.pem",
                        "--token-file", keys / "token"]
            self.client = ["--ca", keys / "ca.pem", "--token-file", keys / "token"]
        self.addresses = [f"127.0.0.1:{free_port()}" for _ in range(nodes)]
        self.https = [f"127.0.0.1:{free_port()}" for _ in range(nodes)]
        self.processes = [None] * nodes
        for node in range(nodes):
            self.start(node)
            await_true(f"{node + 1} nodes are up", lambda: self.up() == node + 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process:
                process.kill()
                process.wait()

    def start(self, node):
        if self.processes[node]:
            return
        words = [self.weir, "node", "--listen", self.addresses[node], "--http", self.https[node], "--data", self.directory / f"node{node}",
                 "--name", f"node{node}", *self.options, *self.tls]
        first = node == 0 and not (self.directory / "node0").exists()
        for other, address in enumerate(self.addresses):
            if other != node and not first and (other < node or self.processes[other]):
                words += ["--join", address]
        log = open(self.directory / f"node{node}.log", "ab")
        self.processes[node] = subprocess.Popen(words, stdout=log, stderr=log)

    def kill(self, node):
        self.processes[node].kill()
        self.processes[node].wait()
        self.processes[node] = None

    def ask(self, *words):
        alive = ",".join(http for http, process in zip(self.https, self.processes) if process)
        done = subprocess.run([self.weir, *words, "--node", alive, "--json", *self.client], capture_output=True, text=True)
        if done.returncode != 0:
            self.refused = done.stderr.strip()
            return None
        return json.loads(done.stdout)

    def must(self, *words):
        answer = self.ask(*words)
        return answer if answer is not None else sys.exit(self.refused)

    def up(self):
        answer = self.ask("nodes")
        return sum(node["status"] == "up" for node in answer["nodes"]) if answer else 0

    def leader(self):
        def found():
            answer = self.ask("nodes")
            names = [node["name"] for node in answer["nodes"] if node["leader"]] if answer else []
            return names[0] if names else None
        return int(await_true("a leader", found)[4:])

    def submit(self, job, *options):
        return str(self.must("submit", self.jobs / f"{job}.so", *options)["id"])

    def job(self, job):
        return self.ask("job", job)

    def workers(self, node=None):
        """Process ids of workers, on all nodes or one."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if len(words) > 3 and words[1] == b"worker":
                address = words[3].decode()
                if address in self.addresses and (node is None or address == self.addresses[node]):
                    found.append(int(entry.name))
        return found


class Progress:
    """Listens for the rows of large_state, and knows when which was the newest."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.newest, self.lock = -1, threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        with connection.makefile("rb") as lines:
            for line in lines:
                number = json.loads(line)["number"]
                with self.lock:
                    if number > self.newest:
                        self.newest = number
                        self.lock.notify_all()

    def seconds_until_new(self, since):
        """Until a row comes that is newer than all so far."""
        with self.lock:
            before = self.newest
            if not self.lock.wait_for(lambda: self.newest > before, PATIENCE):
                sys.exit("never: a new result")
            return time.monotonic() - since


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values), "rounds": len(values)}


def recovery(build, rounds):
    progress = Progress()
    figures = {}
    with tempfile.TemporaryDirectory() as place, Cluster(build, Path(place), 3, ["--slots", "2"]) as cluster:
        job = cluster.submit("large_state", "--set", "keys=800000", "--set", "bytes=64", "--set", "rate=100000", "--set", f"start={int(time.time() * 1000)}", "--set", "every=20", "--set",
                             "host=127.0.0.1", "--set", f"port={progress.port}", "--parallelism", "3", "--checkpoint-interval", "1s")

        def checkpoint():
            found = cluster.job(job)
            newest = found and found.get("newest_checkpoint")
            return newest and newest["bytes"] >= 100 << 20 and newest
        first = await_true("100 MB of state are in a checkpoint", checkpoint)
        figures["state in the checkpoint (MB)"] = spread([first["bytes"] / 1e6])

        def ahead(now):
            return now and now["attempt"] > attempts[-1] and now

        def busy(nodes):
            return next((node for node in nodes if cluster.workers(node)), None)

        def follower():
            leader = cluster.leader()
            return busy([node for node in range(3) if node != leader])

        def measure(choose, kill):
            seconds = []
            for _ in range(rounds):
                before = cluster.job(job)["newest_checkpoint"]["id"]
                await_true("a checkpoint", lambda: cluster.job(job)["newest_checkpoint"]["id"] > before + 2)
                victim = choose()
                if victim is None:  # nothing of the job runs there
                    continue
                since = time.monotonic()
                kill(victim)
                # What was on its way when it was killed is no new result.
                now = await_true("another attempt", lambda: ahead(cluster.job(job)), pause=0.005)
                attempts.append(now["attempt"])
                seconds.append(progress.seconds_until_new(since))
                print(f"  {seconds[-1]:.3f} s", file=sys.stderr)
                for node in range(3):
                    cluster.start(node)
                await_true("all nodes are up", lambda: cluster.up() == 3)
            return spread(seconds or [float("nan")])

        attempts = [cluster.job(job)["attempt"]]
        figures["kill -9 of a worker to a new result (s)"] = measure(follower, lambda node: os.kill(cluster.workers(node)[0], signal.SIGKILL))
        figures["kill -9 of a node to a new result (s)"] = measure(follower, cluster.kill)
        figures["kill -9 of the leader to a new result (s)"] = measure(lambda: busy([cluster.leader()]), cluster.kill)
    return figures


def raw_rate(build, seconds, keys):
    tls = [keys / "node.pem", keys / "node.key", keys / "ca.pem"] if keys else []
    receiver = subprocess.Popen([build / "bin" / "basp_raw", "receive", *tls], stdout=subprocess.PIPE, text=True)
    try:
        port = receiver.stdout.readline().strip()
        return float(subprocess.check_output([build / "bin" / "basp_raw", "send", port, str(seconds), *tls], text=True))
    finally:
        receiver.kill()
        receiver.wait()


def remote_run(build, keys, seconds, text_bytes, fresh):
    """Bytes per second on loopback, records per second and CPU seconds per million records between two workers. The records are
    fresh, each made by the source, or the source reads the same few again and again, and only the channel has work to do."""
    with tempfile.TemporaryDirectory() as place, Cluster(build, Path(place), 2, ["--slots", "1"], keys) as cluster:
        job = cluster.submit("remote_records", "--set", "count=100000000000", "--set", f"text-bytes={text_bytes}", "--set",
                             f"fresh={str(fresh).lower()}", "--parallelism", "2")
        await_true("records flow", lambda: (cluster.job(job) or {}).get("records_written", 0) > 1_000_000)

        def sample():
            pids = cluster.workers() + [process.pid for process in cluster.processes]
            return cluster.job(job)["records_written"], loopback_bytes(), sum(map(cpu_seconds, pids)), time.monotonic()
        first = sample()
        time.sleep(seconds)
        last = sample()
        records, wire, cpu, took = (b - a for a, b in zip(first, last))
        return wire / took, records / took, cpu / (records / 1e6)


def embedded_cpu(build, records, text_bytes):
    before = os.times()
    subprocess.run([build / "bin" / "remote_records", "--count", str(records), "--text-bytes", str(text_bytes), "--fresh", "--parallelism", "2", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user + after.children_system - before.children_user - before.children_system) / (records / 1e6)


def make_keys(build, place):
    weir = build / "bin" / "weir"
    for words in (["cert", "ca", "--out", place], ["cert", "node", "--ca", place, "--name", "node", "--host", "127.0.0.1", "--out", place]):
        subprocess.run([weir, *words], check=True, stdout=subprocess.DEVNULL)
    (place / "token").write_text("token-of-this-benchmark-0123456789\n")
    (place / "token").chmod(0o600)
    return place


def throughput(build, rounds, text_bytes, seconds=3):
    figures = {}
    with tempfile.TemporaryDirectory() as place:
        keys = make_keys(build, Path(place))
        for name, own in (("plain", None), ("mutual TLS", keys)):
            raw, ours, records, ratio, cpu, fresh_cpu = [], [], [], [], [], []
            for _ in range(rounds):
                raw.append(raw_rate(build, seconds, own) / 1e6)
                wire, per_second, per_million = remote_run(build, own, seconds, text_bytes, fresh=False)
                ours.append(wire / 1e6)
                ratio.append(ours[-1] / raw[-1])
                records.append(per_second / 1e6)
                cpu.append(per_million)
                fresh_cpu.append(remote_run(build, own, seconds, text_bytes, fresh=True)[2])
            figures[f"CAF's raw rate, 64 KiB messages, {name} (MB/s)"] = spread(raw)
            figures[f"Weir's link, {name} (MB/s)"] = spread(ours)
            figures[f"Weir's link, {name} (of CAF's raw rate)"] = spread(ratio)
            figures[f"Weir's link, {name} (million records/s)"] = spread(records)
            figures[f"CPU per million records, the link, {name} (s)"] = spread(cpu)
            figures[f"CPU per million records made in one process and dropped in another, {name} (s)"] = spread(fresh_cpu)
    figures["CPU per million records made and dropped in one process (s)"] = spread([embedded_cpu(build, 20_000_000, text_bytes) for _ in range(rounds)])
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parents[3] / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["recovery", "throughput"])
    parser.add_argument("--text-bytes", type=int, default=16, help="of a record, beside three numbers; for throughput")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = {}
    if options.only in (None, "recovery"):
        figures.update(recovery(options.build, options.rounds))
    if options.only in (None, "throughput"):
        figures.update(throughput(options.build, options.rounds, options.text_bytes))
    width = max(map(len, figures))
    print(f"{'':{width}}  {'median':>9} {'least':>9} {'greatest':>9}")
    for name, figure in figures.items():
        print(f"{name:{width}}  {figure['median']:9.3f} {figure['least']:9.3f} {figure['greatest']:9.3f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
