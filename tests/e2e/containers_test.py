#!/usr/bin/env python3
"""What deploy/ says about containers holds together, and `weir` takes it.

containers_test.py WEIR: the built binary. Needs no container engine and no network: it reads the files, makes certificates as
they say, and has `weir node --check-config` look at every node as it would start.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
WEIR = None


class Strict(yaml.SafeLoader):
    """A key that stands twice is a mistake, not an update."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {sorted(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def documents(path):
    return [document for document in yaml.load_all(path.read_text(), Strict) if document]


def weir(*words, environment=None, directory=None):
    """The output of a command that succeeds; in no other environment than the one given."""
    done = subprocess.run([WEIR, *words], env={"PATH": os.environ["PATH"], **(environment or {})}, cwd=directory,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"weir {' '.join(words)} with {environment}: {done.stderr}")
    return done.stdout


def run_script(script, directory):
    """With `weir` in its path, as in the image."""
    path = f"{pathlib.Path(WEIR).parent}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "-euc", script], env={"PATH": path}, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{script}: {done.stderr}")


def known_variables():
    settings = re.findall(r"^# .*; --[a-z-]+, (WEIR_NODE_[A-Z_]+)$", weir("node", "--print-config"), re.MULTILINE)
    client = re.findall(r";\s+(WEIR_[A-Z]+)|\b(WEIR_TOKEN)\b", weir("nodes", "--help"))
    return set(settings) | {"WEIR_NODE_CONFIG"} | {name for names in client for name in names if name}


def dockerfile():
    """Its instructions, one a line: (name, rest, stage)."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", "", text)
    found, stage = [], -1
    for line in filter(None, map(str.strip, text.splitlines())):
        name, rest = line.split(None, 1)
        stage += name == "FROM"
        found.append((name, rest, stage))
    return found


def instructions(name, stage=1):
    return [rest for found, rest, at in dockerfile() if found == name and at == stage]


def names_of(certificate):
    text = subprocess.run(["openssl", "x509", "-in", str(certificate), "-noout", "-ext", "subjectAltName"],
                          capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"DNS:([^,\s]+)", text))


def split(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def readme_script(first):
    """The lines of a shell block of deploy/README.md, from the one that begins so to the block's end."""
    text = (DEPLOY / "README.md").read_text()
    begin = text.index("\n" + first) + 1
    return text[begin:text.index("\n```", begin)]


def probed_paths():
    return set(re.findall(r'^    "(/[^"]+)": \{$', (ROOT / "runtime/node/openapi.cpp").read_text(), re.MULTILINE))


class Trial(unittest.TestCase):
    """A directory that stands for /etc/weir."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="weir-containers-")
        self.addCleanup(directory.cleanup)
        self.etc = pathlib.Path(directory.name)

    def here(self, value):
        return str(value).replace("/etc/weir", str(self.etc))

    def check_cluster(self, nodes, directory_of_names):
        """nodes: name -> environment. What each of them reads is complete, and fits the others."""
        settings = {}
        for name, environment in nodes.items():
            environment = {key: self.here(value) for key, value in environment.items()}
            weir("node", "--check-config", environment=environment, directory=self.etc)
            settings[name] = tomllib.loads(weir("node", "--print-config", environment=environment, directory=self.etc))
        first = next(iter(settings.values()))
        listening = [one["listen"] for one in settings.values()]
        self.assertEqual(sorted(first["join"]), sorted(listening), "a cluster begins with all that are named, each by its own address")
        for name, one in settings.items():
            host, port = split(one["listen"])
            self.assertEqual(name, one["name"])
            self.assertEqual(host.split(".")[0], name)
            self.assertEqual(port, 7070)
            self.assertEqual(one["http"], "0.0.0.0:7071", "other addresses keep port-forwarding and the health check out")
            self.assertEqual(one["join"], first["join"], "all nodes must agree on who begins the cluster")
            self.assertEqual(one["data"], "/var/lib/weir")
            self.assertGreater(one["slots"], 0, "a container sees all cores of its machine")
            self.assertLessEqual({host, "localhost"} | directory_of_names, names_of(one["tls"]["certificate"]))
        return settings


class Compose(Trial):
    def setUp(self):
        super().setUp()
        (self.compose,) = documents(DEPLOY / "docker-compose.yml")
        self.nodes = {name: service for name, service in self.compose["services"].items() if name != "certificates"}

    def make_certificates(self):
        service = self.compose["services"]["certificates"]
        self.assertEqual(service["entrypoint"], ["/bin/sh", "-euc"])
        (script,) = service["command"]
        for directory in ("authority", "tls"):
            (self.etc / directory).mkdir(exist_ok=True)
        run_script(self.here(script).replace("$$", "$"), self.etc)

    def test_every_node_starts_as_it_is_configured(self):
        self.make_certificates()
        self.check_cluster({name: service["environment"] for name, service in self.nodes.items()}, set())

    def test_what_is_made_once_stays(self):
        self.make_certificates()
        made = {path: path.read_bytes() for path in self.etc.rglob("*") if path.is_file()}
        self.make_certificates()
        self.assertEqual(made, {path: path.read_bytes() for path in self.etc.rglob("*") if path.is_file()})
        self.assertEqual([path.name for path in self.etc.rglob("ca.key")], ["ca.key"], "the authority's key is for no node")

    def test_every_variable_is_one_that_weir_reads(self):
        for name, service in self.nodes.items():
            self.assertEqual(set(), set(service["environment"]) - known_variables(), name)

    def test_nodes_are_reached_from_this_machine_only_each_at_a_port_of_its_own(self):
        published = [port for service in self.compose["services"].values() for port in service.get("ports", [])]
        self.assertEqual(len(published), len(self.nodes))
        self.assertEqual(len(set(published)), len(published))
        for port in published:
            self.assertRegex(port, r"^127\.0\.0\.1:\d+:7071$")

    def test_every_node_has_a_volume_of_its_own_and_those_that_are_used_are_declared(self):
        used = {}
        for name, service in self.compose["services"].items():
            used[name] = dict(reversed(volume.split(":")[:2]) for volume in service["volumes"])
        data = [used[name]["/var/lib/weir"] for name in self.nodes]
        self.assertEqual(len(set(data)), len(self.nodes))
        self.assertEqual({volume for each in used.values() for volume in each.values()}, set(self.compose["volumes"]))
        for name in self.nodes:
            self.assertNotIn("authority", used[name].values())

    def test_health_is_asked_where_it_is_answered(self):
        for service in self.nodes.values():
            self.assertEqual(service["healthcheck"]["test"][-1], "https://localhost:7071/healthz")
            self.assertIn(service["environment"]["WEIR_CA"], service["healthcheck"]["test"])
        self.assertIn("/healthz", probed_paths())

    def test_a_node_is_named_as_its_service_is(self):
        for name, service in self.nodes.items():
            self.assertEqual(service["hostname"], name)
            self.assertEqual(service["command"], ["node"])
            self.assertEqual(service["image"], "weir:latest")


class Kubernetes(Trial):
    def setUp(self):
        super().setUp()
        (self.kustomization,) = documents(KUBERNETES / "kustomization.yaml")
        found = [document for name in self.kustomization["resources"] for document in documents(KUBERNETES / name)]
        self.resources = {(one["kind"], one["metadata"]["name"]): one for one in found}
        self.assertEqual(len(found), len(self.resources))
        self.set = self.resources["StatefulSet", "weir"]["spec"]
        self.pod = self.set["template"]["spec"]
        (self.container,) = self.pod["containers"]
        self.namespace = self.kustomization["namespace"]

    def environment(self, pod):
        given = {each["name"]: each.get("value", pod) for each in self.container["env"]}
        expanded = {name: value.replace("$(POD_NAME)", pod) for name, value in given.items()}
        self.assertNotIn("$(", "".join(expanded.values()))
        return {name: value for name, value in expanded.items() if name != "POD_NAME"}

    def pods(self):
        return [f"weir-{number}" for number in range(self.set["replicas"])]

    def test_every_file_is_applied(self):
        files = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
        self.assertEqual(files, set(self.kustomization["resources"]))
        self.assertEqual(self.kustomization["configMapGenerator"], [{"name": "weir", "files": ["weir.toml"]}])

    def test_every_node_starts_as_it_is_configured_with_the_certificates_of_the_readme(self):
        for directory, content in (("config", (KUBERNETES / "weir.toml").read_text()), ("token", "0123456789abcdef")):
            (self.etc / directory).mkdir()
            (self.etc / directory / ("weir.toml" if directory == "config" else "token")).write_text(self.here(content))
        script = readme_script("weir cert ca --out authority\n")
        run_script(script[:script.index("\ndone") + len("\ndone")], self.etc)
        service = f"weir.{self.namespace}.svc"
        settings = self.check_cluster({pod: self.environment(pod) for pod in self.pods()}, {service, service + ".cluster.local"})
        for pod, one in settings.items():
            self.assertEqual(split(one["listen"])[0], f"{pod}.{self.set['serviceName']}.{self.namespace}.svc.cluster.local")
            self.assertEqual(str(self.etc / "token/token"), one["token_file"])
        self.assertFalse((self.etc / "tls/ca.key").exists())

    def test_every_variable_is_one_that_weir_reads(self):
        self.assertEqual(set(), set(self.environment("weir-0")) - known_variables())
        self.assertIs(self.pod["enableServiceLinks"], False, "the variables of a Service would be taken for settings")

    def test_the_secrets_are_those_that_the_readme_makes(self):
        wanted = {volume["secret"]["secretName"] for volume in self.pod["volumes"] if "secret" in volume}
        made = set(re.findall(rf"kubectl -n {self.namespace} create secret generic ([a-z-]+) ", readme_script("weir cert ca --out authority\n")))
        self.assertEqual(wanted, made)

    def test_nodes_meet_before_any_of_them_is_ready(self):
        service = self.resources["Service", self.set["serviceName"]]["spec"]
        self.assertEqual(service["clusterIP"], "None")
        self.assertIs(service["publishNotReadyAddresses"], True)
        self.assertEqual(self.set["podManagementPolicy"], "Parallel")

    def test_all_that_select_nodes_select_them(self):
        labels = self.set["template"]["metadata"]["labels"]
        selectors = [self.set["selector"]["matchLabels"]]
        for (kind, _), one in self.resources.items():
            if kind == "Service":
                selectors.append(one["spec"]["selector"])
            elif kind == "NetworkPolicy":
                selectors += [one["spec"]["podSelector"]["matchLabels"], one["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"]]
            elif kind == "PodDisruptionBudget":
                selectors.append(one["spec"]["selector"]["matchLabels"])
        for term in self.pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]:
            selectors.append(term["labelSelector"]["matchLabels"])
        self.assertEqual(len(selectors), 7)
        for selector in selectors:
            self.assertEqual(selector, labels)

    def test_ports_are_those_that_nodes_listen_at(self):
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        self.assertEqual(ports, {"nodes": 7070, "https": 7071})
        for (kind, _), one in self.resources.items():
            if kind == "Service":
                for port in one["spec"]["ports"]:
                    self.assertEqual(port["port"], ports[port["targetPort"]])
        scraped = self.resources["Service", "weir"]["metadata"]["annotations"]
        self.assertEqual(scraped["prometheus.io/port"], "7071")
        self.assertIn(scraped["prometheus.io/path"], probed_paths())

    def test_probes_ask_what_is_answered_and_only_readiness_asks_for_a_leader(self):
        asked = {name: self.container[name + "Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
        for get in asked.values():
            self.assertEqual((get["scheme"], get["port"]), ("HTTPS", "https"))
            self.assertIn(get["path"], probed_paths())
        self.assertEqual([asked[name]["path"] for name in asked], ["/livez", "/livez", "/healthz"])

    def test_every_volume_is_mounted_and_every_mount_is_a_volume(self):
        volumes = {volume["name"] for volume in self.pod["volumes"]} | {claim["metadata"]["name"] for claim in self.set["volumeClaimTemplates"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in self.container["volumeMounts"]}
        self.assertEqual(volumes, set(mounts))
        self.assertEqual(mounts["data"], tomllib.loads((KUBERNETES / "weir.toml").read_text())["data"])

    def test_a_node_may_do_what_it_needs_and_nothing_else(self):
        self.assertEqual((self.pod["securityContext"]["runAsUser"], self.pod["securityContext"]["fsGroup"]), (7070, 7070))
        self.assertIs(self.pod["securityContext"]["runAsNonRoot"], True)
        self.assertEqual(self.pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertIs(self.pod["automountServiceAccountToken"], False)
        self.assertEqual(self.container["securityContext"], {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                             "capabilities": {"drop": ["ALL"]}})


class Image(unittest.TestCase):
    def test_it_runs_as_the_user_that_the_manifests_name_and_ends_as_a_node_should(self):
        self.assertEqual(instructions("USER"), ["7070:7070"])
        self.assertEqual(instructions("ENTRYPOINT"), ['["weir"]'])
        self.assertEqual(instructions("CMD"), ['["node"]'])
        self.assertEqual(instructions("STOPSIGNAL"), ["SIGTERM"])
        self.assertEqual(instructions("VOLUME"), ["/var/lib/weir"])
        self.assertEqual(instructions("EXPOSE"), ["7070 7071"])
        (health,) = instructions("HEALTHCHECK")
        self.assertEqual(set(re.findall(r"https?://\S+?(?=;)", health)), {"http://localhost:7071/healthz", "https://localhost:7071/healthz"})

    def test_its_variables_are_ones_that_weir_reads(self):
        used = {name for line in instructions("ENV") for name in re.findall(r"(\w+)=", line)} | set(re.findall(r"\$(WEIR\w+)", instructions("HEALTHCHECK")[0]))
        self.assertEqual(set(), used - known_variables())

    def test_it_holds_the_bundles_of_all_examples(self):
        examples = {path.stem for path in (ROOT / "examples").glob("*.cpp")} | {path.parent.name for path in (ROOT / "examples").glob("*/*.cpp")}
        built = {name for line in instructions("RUN", stage=0) for name in re.findall(r"(\w+)_bundle", line)}
        self.assertEqual(built, examples)

    def test_what_it_copies_is_there_and_not_left_out(self):
        let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        for path in let_in:
            self.assertTrue((ROOT / path).exists(), path)
        copied = [word for stage in (0, 1) for line in instructions("COPY", stage) if "--from" not in line for word in line.split()[:-1] if word != "."]
        for path in copied:
            self.assertTrue((ROOT / path).exists(), path)
            self.assertTrue(any((path + "/").startswith(each + "/") for each in let_in), path)
        for folder in ("runtime", "state", "operators", "connectors", "examples", "tests"):
            self.assertIn(folder, let_in)

    def test_its_packages_are_the_runtime_halves_of_what_is_installed_to_build(self):
        release = pathlib.Path("/etc/os-release").read_text() if pathlib.Path("/etc/os-release").exists() else ""
        (base,) = instructions("FROM")
        self.assertEqual((instructions("FROM", 0), base), (["debian:12 AS build"], "debian:12-slim"))
        needed, found = set(), {}
        for program in (WEIR, *(pathlib.Path(WEIR).parent.parent / "lib/jobs").glob("*.so")):
            dynamic = subprocess.run(["readelf", "--dynamic", program], capture_output=True, text=True, check=True).stdout
            needed |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
            loaded = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
            found |= dict(re.findall(r"^\s*(\S+) => (/\S+)", loaded, re.MULTILINE))
        if 'VERSION_ID="12"' not in release or "ID=debian" not in release or any("san.so" in library for library in needed):
            self.skipTest("the image is of Debian 12, and without sanitizers")
        packages = set()
        for library in needed:
            path = found.get(library, library)
            for spelling in (os.path.realpath(path), path):
                owner = subprocess.run(["dpkg", "--search", spelling], capture_output=True, text=True, check=False)
                if owner.returncode == 0:
                    packages.add(owner.stdout.split(":")[0])
                    break
            else:
                self.fail(f"{library} is of no package")
        (install,) = [line for line in instructions("RUN") if "apt-get install" in line]
        listed = set(re.findall(r"\blib\S+", install.split("&&")[1]))
        # of every Debian system, and of libstdc++6
        self.assertEqual(listed, packages - {"libc6", "libgcc-s1"})


if __name__ == "__main__":
    WEIR = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1])
