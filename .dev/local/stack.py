"""The local stack in the order in which its parts need each other."""

import json
import os
import shlex
import subprocess
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

import account
import control
import nginx
import processes
import sockets
from account import ROOT, RUN
from cluster import Cluster
from settings import LIVE_PRODUCTS, PROGRAM, TRACKED, SettingError

VENV = ROOT / ".build/venv/bin"
# What the programs of a run see of it, kept for commands by hand.
KEPT = RUN / "environment.json"
# Of the caller's, by name, since any other may be a secret: how often to sample and log, how long to keep what and how much of it, where
# the venues are and how often they may be asked.
VENUES = ("BINANCE", "BITSTAMP", "BYBIT", "COINBASE", "COINBASEADVANCED", "GATEIO", "GEMINI", "KRAKEN", "KUCOIN", "OKX")
PASSED = {"SLEEP_INTERVAL", "HTTP_TIMEOUT", "LOG_LEVEL", "ALLOW_ORIGIN", "RAW_DAYS", "ARCHIVE_DAYS", "FACT_DAYS", "LOG_DAYS", "RAW_MAX_BYTES",
          "ARCHIVE_MAX_BYTES", *(f"{venue}_RATE_LIMIT" for venue in VENUES),
          # COINBASE_URL is the local venue's, which the stack itself starts.
          *(f"{venue}_EXCHANGE_URL" if venue == "COINBASE" else f"{venue}_URL" for venue in VENUES)}


class StackError(Exception):
    """What did not come up, and where to look."""


class Stack:
    def __init__(self, settings, say):
        self.settings, self.say = settings, say
        self.cluster = Cluster(RUN, settings.ports["DATABASE_PORT"])
        self.supervisor = None

    @property
    def control(self):
        return self.cluster.sockets / "supervisor"

    @property
    def lake(self):
        """Raw objects; of each market its own, as its database is."""
        return RUN / "lake" / self.settings.database

    def prepare_folders(self):
        for folder in (RUN, RUN / "log", RUN / "lake", self.lake):
            folder.mkdir(mode=0o700, exist_ok=True)
            account.give(folder)
        self.cluster.sockets = sockets.folder()

    def start(self):
        self.prepare_folders()
        self.cluster.create()
        self._keep_environment()
        self._start_supervisor()
        self.say("starting Postgres")
        self.cluster.wait(60, self.alive)
        self.cluster.add_users()
        self.cluster.add_database(self.settings.database)
        self.program("owner", "migrate")
        if self.settings.source:
            self._start("exchange")
        self._add_markets()
        self._start("serve", "nginx")
        self._wait_until_ready()
        self._start("collect", "cron")
        # The list's first turn comes at the next full minute; the first images need not wait for it.
        self._retry(lambda: control.start_job(self.cluster.sockets / "cron", "calculate"), 20, self._check)

    def alive(self):
        return self.supervisor.poll() is None

    def stop(self):
        """In the reverse order, then whatever may be left."""
        if self.supervisor and self.alive():
            self.supervisor.terminate()
            end = time.monotonic() + 90
            while self.alive() and time.monotonic() < end:
                time.sleep(0.05)
                processes.reap()
        processes.end_children(15)

    def program(self, user, *words):
        """Runs a command of the program once; answers what it printed."""
        done = subprocess.run(
            account.prefix() + [str(PROGRAM), *words], env=environment(user), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        if done.returncode:
            raise StackError(f"cryptogaf {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def _shared_environment(self):
        return passed() | {
            "SQL_DIR": ROOT / "sql", "LAKE_URL": f"file://{self.lake}", "COINBASE_URL": f"http://127.0.0.1:{self.settings.ports['VENUE_PORT']}",
            "PGHOST": self.cluster.sockets, "PGPORT": self.cluster.port, "PGDATABASE": self.settings.database}

    def _keep_environment(self):
        account.write_secret(KEPT, json.dumps({name: str(value) for name, value in self._shared_environment().items()}))

    def _start_supervisor(self):
        folder = self.cluster.sockets
        commands = {
            "POSTGRES": self.cluster.command("max_wal_size=1GB", "log_line_prefix=%m %u "),
            "EXCHANGE": [PROGRAM, "exchange", *self.settings.source, "--socket", folder / "exchange"],
            "SERVE": [PROGRAM, "serve", "--socket", folder / "serve"],
            "NGINX": nginx.command(RUN),
            "COLLECT": [PROGRAM, "collect"],
            "CRON": [VENV / "python3", "-m", "yacron", "-c", RUN / "yacron.yaml"],
        }
        nginx.render(RUN, nginx.variables(self.settings.ports, folder))
        self._write_job_list()
        environment = account.environment(
            RUN=RUN, ROOT=ROOT, SOCKETS=folder, **self._shared_environment(),
            # The supervisor asks access(2) before it starts a program, which knows nothing of capabilities; env does not ask.
            **{f"{name}_COMMAND": shlex.join(["/usr/bin/env", *map(str, words)]) for name, words in commands.items()})
        with open(RUN / "log/supervisord.err", "w") as errors:
            self.supervisor = processes.start_tied(
                account.prefix() + [str(VENV / "python3"), "-m", "supervisor.supervisord", "-c", str(ROOT / ".dev/supervisord.conf")],
                env=environment, stdout=errors, stderr=errors, cwd=ROOT)
        self._retry(lambda: control.supervisor(self.control, "getState"), 20)

    def _write_job_list(self):
        (RUN / "yacron.yaml").write_text(_jobs("--yacron", PROGRAM, self.cluster.sockets / "cron"))
        account.give(RUN / "yacron.yaml")

    def _add_markets(self):
        """On the first start of a market; from then on its products and tracked symbols are the user's."""
        if self.cluster.psql("SELECT count(*) FROM crypto_gaf.gafs", database=self.settings.database) != "0":
            return
        if self.settings.market == "live":
            # Only live venues have candles to ingest: from yesterday on, so that there is a whole day to look at.
            yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
            self.program("worker", "symbols", "track", *TRACKED, "--no-check", "--since", str(yesterday))
            wanted = LIVE_PRODUCTS
        else:
            listed = self.program("worker", "exchange", *self.settings.source, "--list-products")
            wanted = [line.split() for line in listed.splitlines()]
        for symbol, aggregation in wanted:
            self.program("worker", "product", "add", symbol, "--aggregation", aggregation)

    def _start(self, *names):
        for name in names:
            self.say(f"starting {name}")
            try:
                control.supervisor(self.control, "startProcess", name, False)
            except control.ControlError:
                time.sleep(0.5)
                self._check()
                raise

    def _check(self):
        """A process that ends right after its start will not do better the next time."""
        for process in control.supervisor(self.control, "getAllProcessInfo"):
            if process["statename"] in ("BACKOFF", "FATAL", "EXITED"):
                name = process["name"]
                raise StackError(f"{name} does not start; its last words, from {RUN}/log/{name}.log:\n{tail(name)}")

    def _wait_until_ready(self):
        end = time.monotonic() + 30
        while time.monotonic() < end and self.alive():
            try:
                with urllib.request.urlopen(self.settings.url + "readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                self._check()
                time.sleep(0.1)
        raise StackError(f"{self.settings.url}readyz does not answer; see {RUN}/log/serve.log and nginx.log")

    def _retry(self, body, seconds, check=lambda: None):
        end = time.monotonic() + seconds
        while True:
            try:
                return body()
            except control.ControlError as error:
                check()
                if time.monotonic() > end or not self.alive():
                    raise StackError(f"{error}; see {RUN}/log/") from None
                time.sleep(0.1)

    def progress(self):
        """(newest products' samples, products drawn, products)."""
        row = self.cluster.psql(
            "SELECT coalesce((SELECT max(n) FROM (SELECT count(*) n FROM crypto_gaf.samples GROUP BY product) c), 0), "
            "count(orderbook_image), count(*) FROM crypto_gaf.gafs", database=self.settings.database, check=False)
        return tuple(map(int, row.split("|"))) if row else (0, 0, 0)


def tail(name, lines=5):
    try:
        return "\n".join((RUN / f"log/{name}.log").read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(nothing)"


def _jobs(*words):
    """The job list needs modules that only our Python has."""
    done = subprocess.run([VENV / "python3", ROOT / ".dev/local/jobs.py", *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise StackError(done.stderr.strip())
    return done.stdout


def job_arguments(name):
    """The words after `cryptogaf` of a job of the list; none: there is no such job."""
    return json.loads(_jobs("--arguments", name))


def passed():
    """What was set for the programs, here and now."""
    return {name: value for name, value in os.environ.items() if value and name in PASSED}


def check_environment():
    """Throws what the programs would refuse of the caller's environment. They need no database to say so, nor that anything runs."""
    place = {"PGHOST": RUN, "PGUSER": "worker", "PGDATABASE": "none", "LAKE_URL": f"file://{RUN}/lake"}
    # Every command reads all variables, whichever it needs.
    done = subprocess.run(
        [str(PROGRAM), "job", "transform", "--dry-run"], env=account.environment(**passed(), **place), text=True, capture_output=True, cwd=ROOT)
    if done.returncode:
        raise SettingError(_error(done.stderr))


def _error(log):
    """The last error of a program's log, which is JSON where nobody looks."""
    try:
        return json.loads(log.splitlines()[-1])["error"]
    except (ValueError, KeyError, IndexError):
        return log.strip() or f"{PROGRAM} does not run"


def environment(user):
    """What a program of the stack sees when `user` of the database runs it: as `make run` was started, but for what is set for this command."""
    return account.environment(**(json.loads(KEPT.read_text()) | passed()), PGUSER=user, PGPASSFILE=Cluster(RUN, 0).passfile(user))
