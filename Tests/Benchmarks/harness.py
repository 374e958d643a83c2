"""What the benchmarks stand on: a private Postgres, the handlers and nginx on random ports of the loopback address."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".dev/local"))

import account
import nginx
from cluster import Cluster

PROGRAM = os.environ.get("CRYPTOGAF", str(ROOT / ".build/release/cryptogaf"))
BENCH_PROGRAM = str(ROOT / ".build/release/cryptogaf-bench")
DATABASE = "cryptogaf"
TICKS = os.sysconf("SC_CLK_TCK")


def observe(process, watch, ended, limit=1200):
    """Calls `watch` with the process some 50 times a second, until it ended; kills it when that takes too long."""
    end = time.monotonic() + limit
    while not ended.wait(0.02):
        if watch:
            watch(process)
        if time.monotonic() > end:
            process.kill()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, who, seconds=20):
    """Until somebody listens there; `who` that should be, for the error."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"{who} does not listen on port {port}")


class Ground:
    """Everything in one folder that is gone afterwards, servers included."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="cryptogaf-bench."))
        account.give(self.folder)
        self.lake = self.folder / "lake"
        self.ports = {name: free_port() for name in ("PORT", "VENUE_PORT", "OLD_API_PORT")}
        self.cluster = Cluster(self.folder, free_port())
        self.running = []
        self.cluster.create()
        self.postgres = self.start(self.cluster.command("log_min_messages=fatal", "max_wal_size=2GB"), cwd="/")
        self.cluster.wait(30, lambda: self.postgres.poll() is None)
        self.cluster.add_users()
        self.cluster.add_database(DATABASE)
        self.program("owner", "migrate")
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            self.stop(process)
        shutil.rmtree(self.folder)

    def environment(self, user, **more):
        return account.environment(
            **self.cluster.environment(user, DATABASE), SQL_DIR=ROOT / "sql", COINBASE_URL=f"http://127.0.0.1:{self.ports['VENUE_PORT']}",
            LAKE_URL=f"file://{self.lake}", **more)

    def start(self, command, user=None, cwd=ROOT, log=None, **more):
        environment = self.environment(user, **more) if user else account.environment(**more)
        output = open(self.folder / log, "w") if log else subprocess.DEVNULL
        process = subprocess.Popen(account.prefix() + [str(word) for word in command], env=environment, cwd=cwd, stdout=output, stderr=output)
        self.running.append(process)
        return process

    def stop(self, process, number=signal.SIGINT):
        if process in self.running:
            self.running.remove(process)
            if process.poll() is None:
                process.send_signal(number)
                process.wait(30)

    def program(self, user, *words):
        """Runs a command of the program to its end."""
        done = subprocess.run(
            account.prefix() + [PROGRAM, *words], env=self.environment(user), cwd=ROOT, text=True, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"cryptogaf {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def job(self, name, *options, watch=None, **more):
        """Runs a job to its end; the rest as of `told`."""
        return self.told("job.succeeded", "job", name, *options, watch=watch, **more)

    def told(self, event, *words, watch=None, **more):
        """Runs a command to its end; the seconds that its process took, and the `event` that it tells then: `seconds` of its own, and counts.

        `watch` is called with the process some 50 times a second."""
        start = time.perf_counter()
        process = self.start([PROGRAM, *words], "worker", log=f"{words[0]}.log", **more)
        ended = threading.Event()
        watcher = threading.Thread(target=observe, args=(process, watch, ended), daemon=True)
        watcher.start()
        # Without a time limit: with one, `wait` looks now and then only, and tells of the end up to 50 ms late.
        code = process.wait()
        seconds = time.perf_counter() - start
        ended.set()
        watcher.join()
        self.running.remove(process)
        log = (self.folder / f"{words[0]}.log").read_text()
        told = [line for line in map(json.loads, log.splitlines()) if line["event"] == event]
        if code or not told:
            raise RuntimeError(f"cryptogaf {' '.join(words)} ended with {code}: {log[-500:]}")
        return seconds, told[-1]

    def psql(self, sql):
        return self.cluster.psql(sql, database=DATABASE)

    def serve(self, *words):
        return self.start([PROGRAM, "serve", "--socket", self.cluster.sockets / "serve", *words], "api", log="serve.log")

    def nginx(self, ready="/healthz/"):
        """`ready` is what must answer; every request is logged, as in earnest."""
        nginx.render(self.folder, nginx.variables(self.ports, self.cluster.sockets, self.folder / "access.log"))
        process = self.start(nginx.command(self.folder), log="nginx.log")
        self.wait_for(ready)
        return process

    def url(self, path):
        return f"http://127.0.0.1:{self.ports['PORT']}{path}"

    def etag(self, url):
        head = subprocess.run(["curl", "-sI", url], text=True, capture_output=True, check=True).stdout
        return re.search(r"(?im)^etag: (\S+)", head)[1]

    def wait_for(self, path, seconds=20):
        """Seconds until it answered 200."""
        try:
            return wait_until_it_answers(self.url(path), seconds)
        except RuntimeError as error:
            raise RuntimeError(f"{error}; {self.folder}/nginx.log: {(self.folder / 'nginx.log').read_text()[-500:]}") from None


def wait_until_it_answers(url, seconds=20):
    """Seconds until it answered 200; asks again without a pause worth speaking of."""
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        if subprocess.run(["curl", "-sf", "-o", "/dev/null", url]).returncode == 0:
            return time.perf_counter() - start
        time.sleep(0.001)
    raise RuntimeError(f"{url} does not answer")


def peak_memory(process):
    """MiB that the process has held at most, shared libraries included."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def cpu_seconds(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def wrk(url, clients, seconds, *headers):
    """Requests a second, p99 in seconds, and the number of answers that were errors or never came."""
    command = ["wrk", "-t2", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    command += [part for header in headers for part in ("-H", header)]
    text = subprocess.run([*command, url], text=True, capture_output=True, check=True).stdout
    units = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text)
    errors = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    for line in re.findall(r"Socket errors: (.*)", text):
        errors += sum(map(int, re.findall(r"\d+", line)))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), float(p99[1]) * units[p99[2]], errors


def pgbench(ground, sql, clients, seconds, mode):
    """Transactions a second of one statement over the Unix socket. `mode` is simple, pgbench's default, or prepared."""
    script = ground.folder / "pgbench.sql"
    script.write_text(sql + ";\n")
    account.give(script)
    command = ["pgbench", "-n", "-M", mode, "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", str(script)]
    done = subprocess.run(account.prefix() + command, env=ground.environment("api"), text=True, capture_output=True, check=True, cwd="/")
    return float(re.search(r"tps = ([\d.]+)", done.stdout)[1])
