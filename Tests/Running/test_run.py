"""`make run` as its user meets it: what it prints, what it survives, and that it leaves nothing behind."""

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


class RunTests(unittest.TestCase):
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

    def test_it_starts_draws_prints_one_address_and_stops_without_a_trace(self):
        run = self.start(SLEEP_INTERVAL="0.4")  # Slow enough to be seen counting.
        self.started_up(run)
        self.assertIn("collecting ", self.output())
        self.assertEqual(self.output().count("http://"), 1)
        self.assertGreater(len(self.processes()), 6)
        self.assertTrue(any(product["size"] >= 21 for product in self.products()))
        self.assertEqual({product["source"].split()[0] for product in self.products()}, {"SYNTHETIC"})

        second = self.command()
        self.assertEqual(second.returncode, 1)
        self.assertEqual(second.stdout.strip(), f"make run is already running here (process {run.pid}): {self.url()}")

        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(PATIENCE), 0, self.output())
        self.assertEqual(self.processes(), {})
        for secret in (self.folder / "run/secrets").iterdir():
            self.assertEqual(secret.stat().st_mode & 0o777, 0o600, secret)

        # The data is still there: the next start has images at once.
        size = (self.folder / "run/pgdata").stat().st_ino
        again = self.start(SLEEP_INTERVAL="3600")
        self.started_up(again)
        self.assertTrue(any(product["size"] >= 21 for product in self.products()))
        self.assertEqual((self.folder / "run/pgdata").stat().st_ino, size)

    def test_what_is_killed_comes_back_and_draws_on(self):
        run = self.start()
        self.started_up(run)
        names = ("postgres", "exchange", "serve", "nginx", "collect", "cron")
        before = self.eventually(lambda: (found := self.status()).keys() >= set(names) and found, "all processes")
        for name in names:
            os.kill(before[name], signal.SIGKILL)
        after = self.eventually(lambda: (found := self.status()).keys() >= set(names) and found, "all processes again")
        self.assertEqual({name for name in names if after[name] == before[name]}, set())
        self.eventually(lambda: self.answers(), "an answer")
        version = self.newest()
        self.assertEqual(self.command("--job", "calculate").returncode, 0)
        self.eventually(lambda: self.newest() > version, "a new drawing")

    def answers(self):
        try:
            return self.products()
        except OSError:
            return None

    def test_nothing_outlives_a_killed_supervisor_or_a_killed_run(self):
        run = self.start()
        self.started_up(run)
        os.kill(int((self.folder / "run/supervisord.pid").read_text()), signal.SIGKILL)
        self.assertEqual(run.wait(PATIENCE), 1)
        self.assertIn("the supervisor ended", self.output())
        self.assertEqual(self.processes(), {})

        run = self.start()
        self.started_up(run)
        run.kill()
        run.wait()
        self.eventually(lambda: not self.processes(), "the end of all processes")

    def test_a_taken_port_and_wrong_settings_are_told_in_a_line_each(self):
        with socket.create_server(("127.0.0.1", int(self.ports["OLD_API_PORT"]))):
            told = self.command()
        port = int(self.ports["OLD_API_PORT"])
        self.assertEqual((told.returncode, told.stdout.strip()), (1, f"make run: port {port} is in use; choose another: make run OLD_API_PORT={port + 1}"))
        told = self.command(PORT="80x", MARKET="calm", CAPTURE="/nowhere")
        self.assertEqual(told.returncode, 1)
        self.assertEqual(told.stdout.splitlines(), [
            "make run: PORT is 80x; it must be a number from 1 to 65535", "MARKET is calm; it can be auto, live or synthetic",
            "CAPTURE is /nowhere, which is neither a file nor a folder that can be read"])
        self.assertEqual(self.processes(), {})


if __name__ == "__main__":
    unittest.main()
