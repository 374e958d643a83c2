"""Runs containers as the chart renders them: their commands, variables, volumes and probes, in their images' file trees and a namespace each."""

import base64
import itertools
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from chart import find
from images import inside

TREES = {"cryptogaf": "cryptogaf", "cryptogaf-nginx": "nginx"}


class Kubelet:
    def __init__(self, objects, network, trees, folder, secrets):
        self.objects, self.network, self.trees, self.folder, self.secrets = objects, network, trees, Path(folder), secrets
        self.numbers = itertools.count(1)

    def secret(self, name, key):
        if name in self.secrets:
            return self.secrets[name][key]
        return base64.b64decode(find(self.objects, "Secret", name)["data"][key]).decode()

    def variables(self, container):
        found = {}
        for source in container.get("envFrom", []):
            found |= find(self.objects, "ConfigMap", source["configMapRef"]["name"])["data"]
        for one in container.get("env", []):
            reference = one.get("valueFrom", {}).get("secretKeyRef")
            found[one["name"]] = self.secret(reference["name"], reference["key"]) if reference else one["value"]
        return found | {"SQL_DIR": "/usr/share/cryptogaf/sql"} if container["command"][0] == "cryptogaf" else found

    def volumes(self, spec):
        """A folder for each volume of a pod, filled."""
        made = {}
        for volume in spec.get("volumes", []):
            place = Path(tempfile.mkdtemp(dir=self.folder))
            place.chmod(0o755)
            if "configMap" in volume:
                files = find(self.objects, "ConfigMap", volume["configMap"]["name"])["data"]
            elif "secret" in volume:
                name = volume["secret"]["secretName"]
                files = {item["path"]: self.secret(name, item["key"]) for item in volume["secret"]["items"]}
            else:
                files = {}
            for name, text in files.items():
                (place / name).write_text(text)
            made[volume["name"]] = place
        return made

    def hosts(self):
        """The cluster's DNS; the engine puts such a file into every container."""
        path = self.folder / "hosts"
        path.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in self.network.services.items()))
        return path

    def command(self, pod, container, volumes, words=None):
        tree = self.trees[TREES[container["image"].rsplit("/", 1)[-1].split(":")[0]]]
        readable, writable = [(self.hosts(), "/etc/hosts")], []
        for mount in container.get("volumeMounts", []):
            (readable if mount.get("readOnly") else writable).append((volumes[mount["name"]], mount["mountPath"]))
        for _, place in readable + writable:
            if place != "/etc/hosts":
                (tree / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
        (tree / "etc/hosts").touch()
        return self.network.within(pod) + inside(tree, *(words or container["command"]), readable=readable, writable=writable,
                                                 variables=self.variables(container), first=True)


class Pod:
    """Of an owner's template; its init containers have run once it is made, and its main ones started, unless they are to be completed."""

    def __init__(self, kubelet, owner, spec, runs=True):
        self.kubelet, self.spec, self.owner = kubelet, spec, owner
        self.name = f"{owner.name.removeprefix('gaf-cryptogaf-')[:24]}-{next(kubelet.numbers)}"
        self.address = kubelet.network.pod(self.name)
        self.volumes = kubelet.volumes(spec)
        self.log = open(kubelet.folder / f"{self.name}.log", "w+")
        self.running = {}
        for container in spec.get("initContainers", []):
            self.finish(container)
        for container in spec["containers"] if runs else []:
            self.running[container["name"]] = self.popen(container)

    def popen(self, container, words=None):
        return subprocess.Popen(self.kubelet.command(self.name, container, self.volumes, words), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def finish(self, container, words=None):
        code = self.popen(container, words).wait(300)
        if code:
            raise AssertionError(f"{self.name}: {container['name']} ended with {code}: {self.words()}")

    def complete(self):
        """Of a Job: all its containers, to their end."""
        for container in self.spec["containers"]:
            self.finish(container)
        self.log.close()
        return self

    def words(self):
        return Path(self.log.name).read_text()[-2000:]

    def ready(self, seconds=60):
        """Once the probes say that it has started."""
        end = time.monotonic() + seconds
        for container in self.spec["containers"]:
            probe = container.get("startupProbe") or container.get("readinessProbe")
            while probe and not self.probe(container, probe):
                if self.running[container["name"]].poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"{self.name} does not start: {self.words()}")
                time.sleep(0.1)
        return self

    def probe(self, container, probe):
        if "exec" in probe:
            return self.popen(container, probe["exec"]["command"]).wait(30) == 0
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        asked = probe["httpGet"]
        url = f"http://{self.address}:{ports.get(asked['port'], asked['port'])}{asked['path']}"
        return subprocess.run([*self.kubelet.network.within(self.name), "curl", "-fsS", "-o", "/dev/null", url], capture_output=True).returncode == 0

    def port(self, name):
        return next(port["containerPort"] for container in self.spec["containers"] for port in container.get("ports", []) if port["name"] == name)

    def alive(self):
        return all(process.poll() is None for process in self.running.values())

    def end(self):
        """preStop, then the end; the containers' exit codes."""
        sleeps = [container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0) for container in self.spec["containers"]]
        time.sleep(max(sleeps))
        self.stop()
        return self.wait()

    def stop(self):
        """The image's signal to the containers' first processes."""
        for container in self.spec["containers"]:
            self.signal(container["name"], signal.SIGQUIT if container["command"][0] == "nginx" else signal.SIGTERM)

    def wait(self):
        codes = [process.wait(60) for process in self.running.values()]
        self.log.close()
        return codes

    def signal(self, name, number):
        process = self.running[name]
        if process.poll() is None:
            for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                os.kill(int(child), number)
