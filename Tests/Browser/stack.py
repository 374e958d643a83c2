"""The whole system in a folder of its own, for one test: Postgres, the program's commands, nginx; on free ports and sockets."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".dev/local"))

import account  # noqa: E402  (the parts `make run` is made of)
import nginx  # noqa: E402
import processes  # noqa: E402
from cluster import Cluster  # noqa: E402

DATABASE = "cryptogaf"


class StackError(Exception):
    """What did not come up or failed, with the last words of whoever knows."""


def program():
    """The binary under test: the one that `CRYPTOGAF` names, else the newest build; None if there is none."""
    named = os.environ.get("CRYPTOGAF")
    built = [Path(named)] if named else [ROOT / f".build/{kind}/cryptogaf" for kind in ("debug", "release")]
    return max((path for path in built if path.exists()), key=lambda path: path.stat().st_mtime, default=None)


def free_ports(number):
    """That many ports nobody listens on. All are held until the last is found, so that no two are the same."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Stack:
    """Everything stops, and the folder goes, with `stop`."""

    def __init__(self):
        # Short, since a Unix socket's path is; and in a place that the servers' account may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="cryptogaf-"))
        account.give(self.folder)
        self.page_port, self.venue_port, self.old_port, database_port = free_ports(4)
        self.url = f"http://127.0.0.1:{self.page_port}/"
        self.cluster = Cluster(self.folder, database_port)
        self.running = {}

    def start_database(self):
        self.cluster.create()
        self.start_postgres()
        self.cluster.add_users()
        self.cluster.add_database(DATABASE)
        self.run("owner", "migrate")

    def start_postgres(self):
        self.start("postgres", self.cluster.command("fsync=off", "max_wal_size=1GB"))
        self.cluster.wait(60, lambda: self.running["postgres"].poll() is None)

    def start_venue(self, *source):
        socket_path = self.cluster.sockets / "exchange"
        self.start("exchange", [program(), "exchange", *source, "--socket", socket_path])
        self.wait("the venue", socket_path.exists, 30)

    def start_handlers(self):
        self.start("serve", [program(), "serve", "--socket", self.cluster.sockets / "serve"], user="api")

    def start_web(self):
        self.start_handlers()
        ports = {"PORT": self.page_port, "OLD_API_PORT": self.old_port, "VENUE_PORT": self.venue_port}
        nginx.render(self.folder, nginx.variables(ports, self.cluster.sockets, self.folder / "access.log") | {"WORKERS": 1})
        self.start("nginx", nginx.command(self.folder))
        self.wait("readiness", self._is_ready, 30)

    def start_command(self, name, *words, **environment):
        """One of the program's long-running commands, as the worker."""
        self.start(name, [program(), name, *words], user="worker", **environment)

    def start(self, name, command, user="worker", **environment):
        log = self.folder / f"{name}.log"
        with open(log, "wb") as output:
            self.running[name] = processes.start_tied(
                account.prefix() + [str(word) for word in command], env=self.environment(user, **environment), cwd=ROOT,
                stdout=output, stderr=output)

    def environment(self, user, **more):
        libpq = self.cluster.environment(user, DATABASE)
        return account.environment(**libpq, SQL_DIR=ROOT / "sql", COINBASE_URL=f"http://127.0.0.1:{self.venue_port}", **more)

    def run(self, user, *words):
        """A command of the program to its end; what it printed."""
        done = subprocess.run(
            account.prefix() + [str(program()), *words], env=self.environment(user), cwd=ROOT, text=True, capture_output=True, timeout=300)
        if done.returncode:
            raise StackError(f"cryptogaf {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def sql(self, text):
        """What psql prints as superuser, one row a line."""
        return self.cluster.psql(text, database=DATABASE)

    def wait(self, what, condition, patience):
        """Until `condition()` is true, and its value; a process that died meanwhile or the patience's end is an error with logs."""
        deadline = time.monotonic() + patience
        while not (value := condition()):
            dead = [name for name, process in self.running.items() if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                reason = f"{', '.join(dead)} ended" if dead else f"after {patience} s"
                raise StackError(f"{reason} while waiting for {what}\n{self.logs()}")
            time.sleep(0.1)
        return value

    def end(self, name, patience=30):
        """Asks politely, as a supervisor does; its exit status."""
        process = self.running.pop(name)
        if process.poll() is None:
            # At SIGTERM, Postgres would wait until the last client has left.
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise StackError(f"{name} did not end within {patience} s\n{self.logs(name)}") from None

    def stop(self):
        problems = []
        for name in reversed(list(self.running)):
            try:
                self.end(name)
            except StackError as error:
                problems.append(str(error))
        shutil.rmtree(self.folder, ignore_errors=True)
        if problems:
            raise StackError("\n".join(problems))

    def logs(self, *names, lines=15):
        """The last lines of each process."""
        parts = []
        for name in names or self.running:
            text = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-lines:]
            parts.append("\n".join([f"── {name}", *text]))
        return "\n".join(parts)

    def _is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False
