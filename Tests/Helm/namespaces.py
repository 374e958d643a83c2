"""A cluster's network on one machine: a namespace with an address for every pod, a bridge between them, and the Services' addresses on it."""

import ctypes
import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

BRIDGE, PODS, SERVICES = "net", "10.77.0.{}", "10.77.255.{}"
_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def possible():
    """Only root may make them, and not everywhere."""
    name = f"gaf-try-{os.getpid()}"
    if os.geteuid() or subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        return False
    made = subprocess.run(["ip", "-n", name, "link", "add", "br0", "type", "bridge"], capture_output=True).returncode == 0
    subprocess.run(["ip", "netns", "del", name], check=True)
    return made


class Network:
    """Nothing of it reaches this machine's own network, nor is reached from there."""

    def __init__(self):
        self.prefix, self.spaces, self.numbers = f"gaf{os.getpid()}-", [], itertools.count(2)
        self.services = {}
        self._space(BRIDGE)
        # By itself a bridge takes the lowest address of its legs, and pods go on sending to the one before.
        self._ip("-n", self._name(BRIDGE), "link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge")
        self._address(BRIDGE, "br0", PODS.format(1) + "/16")

    def _ip(self, *words):
        subprocess.run(["ip", *words], check=True)

    def _name(self, space):
        return self.prefix + space

    def _space(self, space):
        self._ip("netns", "add", self._name(space))
        self.spaces.append(space)
        self._ip("-n", self._name(space), "link", "set", "lo", "up")

    def _address(self, space, device, address):
        self._ip("-n", self._name(space), "addr", "add", address, "dev", device)
        self._ip("-n", self._name(space), "link", "set", device, "up")

    def pod(self, space):
        """A namespace of its own; its address."""
        number = next(self.numbers)
        self._space(space)
        self._ip("link", "add", "eth0", "netns", self._name(space), "type", "veth", "peer", "name", f"v{number}", "netns", self._name(BRIDGE))
        self._ip("-n", self._name(BRIDGE), "link", "set", f"v{number}", "master", "br0", "up")
        self._address(space, "eth0", PODS.format(number) + "/16")
        return PODS.format(number)

    def service(self, name):
        """The address of a Service."""
        if name not in self.services:
            self.services[name] = SERVICES.format(len(self.services) + 1)
            self._address(BRIDGE, "br0", self.services[name] + "/32")
        return self.services[name]

    def within(self, space):
        """What to put before a command so that it runs there."""
        return ["nsenter", f"--net=/run/netns/{self._name(space)}", "--"]

    def enter(self, space):
        """This thread, and no other, from now on."""
        descriptor = os.open(f"/run/netns/{self._name(space)}", os.O_RDONLY)
        try:
            if _libc.setns(descriptor, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(descriptor)

    def remove(self):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", self._name(space)])


class Proxy:
    """What kube-proxy does: new connections to a Service's address go to its pods in turn. In a process of its own, on the bridge."""

    def __init__(self, network):
        self.process = subprocess.Popen([*network.within(BRIDGE), sys.executable, str(Path(__file__).parent / "service.py")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def point(self, host, port, pods, target):
        with self.lock:
            self.process.stdin.write(json.dumps({"host": host, "port": port, "pods": pods, "target": target}) + "\n")
            self.process.stdin.flush()
            if not self.process.stdout.readline():
                raise AssertionError("the Services' process has ended")

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
