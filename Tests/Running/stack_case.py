"""One stack of `make run` for each test: how to start it, ask it and end it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".dev/run"
PORTS = ("PORT", "VENUE_PORT", "OLD_API_PORT", "DATABASE_PORT")
PATIENCE = 60


def free_ports():
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    numbers = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return dict(zip(PORTS, map(str, numbers)))


class StackCase(unittest.TestCase):
    def setUp(self):
        # Not below a folder that only we may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="cryptogaf-run."))
        self.folder.chmod(0o755)
        self.ports = free_ports()
        self.started = []
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self.end_all)

    def environment(self, **more):
        return os.environ | self.ports | {"RUN_FOLDER": str(self.folder / "run"), "MARKET": "synthetic", "SLEEP_INTERVAL": "0.1", "CAPTURE": ""} | more

    def start(self, **more):
        with open(self.folder / "output", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, RUN], env=self.environment(**more), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.started.append(process)
        return process

    def end_all(self):
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)

    def output(self):
        return (self.folder / "output").read_text()

    def command(self, *words, **more):
        return subprocess.run([sys.executable, RUN, *words], env=self.environment(**more), text=True, capture_output=True, timeout=PATIENCE)

    def eventually(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not (value := condition()):
            if time.monotonic() > end:
                logs = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-600:]}" for log in (self.folder / "run/log").glob("*"))
                self.fail(f"{what} not within {PATIENCE} s\n{self.output()}\n{logs}")
            time.sleep(0.1)
        return value

    def url(self):
        return f"http://127.0.0.1:{self.ports['PORT']}/"

    def started_up(self, process):
        self.eventually(lambda: self.url() in self.output() or process.poll() is not None, "the URL")
        self.assertIsNone(process.poll(), self.output())

    def processes(self):
        """Of this stack, by what their command lines and environments name."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                if bytes(self.folder) in command + (folder / "environ").read_bytes():
                    found[int(folder.name)] = command.decode(errors="replace").replace("\0", " ")
            except OSError:
                continue
        return found

    def status(self):
        """Name: process id of what the supervisor runs."""
        lines = [line.split() for line in self.command("--status").stdout.splitlines()[1:]]
        return {words[0]: int(words[3].rstrip(",")) for words in lines if words[1] == "RUNNING"}

    def products(self):
        with urllib.request.urlopen(self.url() + "api/gaf/products", timeout=5) as answer:
            return json.load(answer)["products"]

    def newest(self):
        return max((product["version"] for product in self.products()), default=0)

    def answers(self):
        try:
            return self.products()
        except OSError:
            return None
