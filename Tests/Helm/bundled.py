"""What tests of the chart's processes share: places, waiting, nginx and the bundled database as the chart renders them."""


import json
import os
import re
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

from chart import CASES, CHART, ROOT, RELEASE, find, rendered
from program import program

sys.path.insert(0, str(ROOT / ".dev/local"))
import account  # noqa: E402  (who may run Postgres)
import cluster  # noqa: E402
import nginx  # noqa: E402

MTAIL = shutil.which("mtail")
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


class Folder:
    """A place that the servers' account may write, gone at the end."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="cryptogaf-helm-"))
        account.give(self.path)

    def write(self, name, text):
        path = self.path / name
        for parent in reversed(path.relative_to(self.path).parents):
            (self.path / parent).mkdir(exist_ok=True)
            account.give(self.path / parent)
        path.write_text(text)
        account.give(path)
        return path

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def read_only_but(folder):
    """What to put before a command so that it may write only there, as in its container; nothing where that is not allowed."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        return []
    mounts = f"mount --bind {folder} {folder} && mount -o remount,bind,ro / && exec \"$@\""
    return ["unshare", "--mount", "sh", "-c", mounts, "sh"]


def wait(what, seconds, process=None):
    """Until `what()` is true; fails when the process ends or the time is up."""
    end = time.monotonic() + seconds
    while not what():
        if process and process.poll() is not None:
            raise AssertionError(f"the process ended with {process.returncode}")
        if time.monotonic() > end:
            raise AssertionError("not in time")
        time.sleep(0.05)


def nginx_configuration(case, folder, serve="127.0.0.1:9"):
    """The configuration that the chart renders, on this machine's places and on loopback; (files' folder, page's port)."""
    data = find(rendered(case), "ConfigMap", f"{RELEASE}-cryptogaf-nginx")["data"]
    ports = {}

    def listen(found):
        ports[found[1]] = free_port()
        return f"listen 127.0.0.1:{ports[found[1]]} "
    text = re.sub(r"listen (?:127\.0\.0\.1:)?(\d+) ", listen, data["nginx.conf"])
    text = text.replace("/usr/share/cryptogaf/nginx", str(ROOT / "nginx")).replace("/usr/share/cryptogaf/swagger-ui", str(folder.path))
    text = re.sub(rf"server {RELEASE}-cryptogaf-handlers:9000", f"server {serve}", text)
    text = re.sub(rf"server {RELEASE}-cryptogaf-exchange:9001", "server 127.0.0.1:9", text)
    text = text.replace("/etc/cryptogaf", str(folder.path)).replace("/dev/stdout", str(folder.path / "access.log"))
    for name, site in data.items():
        if name != "nginx.conf":
            folder.write(name, site.replace("/run/nginx", str(folder.path / "run")))
    folder.write("run/.keep", "")
    return folder.write("nginx.conf", text), ports["8080"]


def nginx_command(folder, path, *more):
    return account.prefix() + [NGINX, "-p", str(folder.path / "run"), "-c", str(path), "-e", "stderr", *more]


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


FILL = """
INSERT INTO crypto_gaf.gafs (product) VALUES ('BTC-USD');
INSERT INTO crypto_gaf.samples (product, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells)
SELECT 'BTC-USD', n, ARRAY[n, 2, 3], ARRAY[1, 2, 3], ARRAY[n, 2, 3], ARRAY[3, 2, 1], ARRAY[n, 1, 1], ARRAY[n, 1, 1] FROM generate_series(1, 500) AS n
"""


# With CRYPTOGAF_SOAK=1 about a gigabyte: a hundred markets' minutes of a month.
CANDLES = """
SELECT crypto_gaf.ensure_month('fact_klines', '2025-01-01');
INSERT INTO crypto_gaf.fact_klines
SELECT 'binance', format('S%s-USDT', symbol), '1m', minute, 100 + random(), 102, 99, 101, random() * 1000, random() * 100000, (random() * 1000)::bigint,
    random() * 500, random() * 50000, minute + interval '1 minute', (random() * 1e18)::bigint
FROM generate_series(1, 100) AS symbol, generate_series('2025-01-01 00:00+00', '2025-01-31 23:59+00', interval '1 minute') AS minute
"""
SOAK = os.environ.get("CRYPTOGAF_SOAK") == "1"


class BundledServer(unittest.TestCase):
    """files/postgres/start.sh as its container runs it."""


    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        self.port = free_port()
        for role in ("owner", "worker", "api"):
            # What comes from a secret may hold any character.
            self.secret(role, f"{role}'s pass\\word ${role}")
            self.folder.write(f"secrets/{role}/username", f"gaf_{role}")
        for name, text in find(rendered("bundled"), "ConfigMap", f"{RELEASE}-cryptogaf-db")["data"].items():
            # No test ends this machine's power.
            self.folder.write(f"configuration/{name}", text + ("fsync = off\n" if name == "settings.conf" else ""))
        self.folder.write("sockets/.keep", "")
        self.process = None
        # Further variables of the container.
        self.more = {}
        self.addCleanup(self.stop)

    def secret(self, role, password):
        self.folder.write(f"secrets/{role}/password", password)
        self.passwords = getattr(self, "passwords", {}) | {role: password}

    def start(self):
        path = self.folder.path
        environment = account.environment(
            PGDATA=path / "data", POSTGRES_DB="market data", SECRETS=path / "secrets", CONFIGURATION=path / "configuration", SOCKETS=path / "sockets",
            PORT=self.port, LISTEN_ADDRESSES="127.0.0.1") | self.more
        self.log = open(path / "log", "a")
        self.addCleanup(self.log.close)
        self.process = subprocess.Popen(read_only_but(path) + account.prefix() + ["bash", str(path / "configuration/start.sh")], env=environment, cwd="/", stdout=self.log,
                                        stderr=self.log)
        try:
            wait(self.ready, 60, self.process)
        except AssertionError as error:
            self.fail(f"{error}: {(path / 'log').read_text()[-2000:]}")

    def ready(self):
        return subprocess.run(["bash", str(CHART / "files/postgres/ready.sh")], env=account.environment(PORT=self.port), capture_output=True).returncode == 0

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        return self.process and self.process.returncode

    def variables(self, role):
        return account.environment(POSTGRES_HOST="127.0.0.1", POSTGRES_PORT=self.port, POSTGRES_DB="market data", POSTGRES_USER=f"gaf_{role}",
                                   POSTGRES_PW=self.passwords[role], PGSSLMODE="disable", SQL_DIR=ROOT / "sql", LOG_LEVEL="info")

    def ask(self, role, query):
        libpq = account.environment(PGHOST="127.0.0.1", PGPORT=self.port, PGDATABASE="market data", PGUSER=f"gaf_{role}", PGPASSWORD=self.passwords[role])
        return subprocess.run(["psql", "-XAtqc", query], env=libpq, capture_output=True, text=True)

    def filled(self, large=False):
        self.start()
        migrate = subprocess.run([program(), "migrate"], env=self.variables("owner"), capture_output=True, text=True)
        self.assertEqual(migrate.returncode, 0, migrate.stderr)
        for statement in [FILL, CANDLES] if large else [FILL]:
            done = self.ask("worker", statement)
            self.assertEqual(done.returncode, 0, done.stderr)

    def last(self, job):
        found = self.ask("worker", f"SELECT outcome, counts, error FROM crypto_gaf.job_runs WHERE job = '{job}' ORDER BY run_id DESC LIMIT 1")
        outcome, counts, error = found.stdout.strip("\n").split("|", 2)
        return outcome, json.loads(counts), error
