"""The chart's scripts and configuration, run by the real Postgres, nginx and program."""

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


@unittest.skipUnless(NGINX, "nginx is not installed")
class NginxConfiguration(unittest.TestCase):
    def test_nginx_takes_the_configuration_of_every_case(self):
        for case in CASES:
            folder = Folder()
            self.addCleanup(folder.remove)
            path, _ = nginx_configuration(case, folder)
            done = subprocess.run(nginx_command(folder, path, "-t"), capture_output=True, text=True, cwd="/")
            self.assertEqual(done.returncode, 0, f"{case}: {done.stderr}")

    def test_no_connection_to_the_handlers_is_kept_and_named_proxies_are_believed(self):
        data = find(rendered("ingress"), "ConfigMap", f"{RELEASE}-cryptogaf-nginx")["data"]
        self.assertIn("fastcgi_keep_conn off;", data["nginx.conf"])
        self.assertIn("set_real_ip_from 10.0.0.0/8;", data["proxies.site"])
        self.assertNotIn("proxies.site", find(rendered("minimal"), "ConfigMap", f"{RELEASE}-cryptogaf-nginx")["data"])


@unittest.skipUnless(NGINX and MTAIL, "nginx or mtail is not installed")
class Counts(unittest.TestCase):
    """What mtail makes of nginx' log: files/mtail, as in the container beside nginx."""

    def test_requests_are_counted_by_route_also_after_the_copy_of_the_log_was_emptied(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        path, page = nginx_configuration("cnpg", folder)
        counted = folder.path / "run/counted.log"
        web = subprocess.Popen(read_only_but(folder.path) + nginx_command(folder, path, "-g", "daemon off;"), stderr=subprocess.DEVNULL, cwd="/")
        self.addCleanup(end, web)
        port = free_port()
        counter = subprocess.Popen(
            read_only_but(folder.path) + account.prefix() + ["sh", str(CHART / "files/mtail/start.sh")], stderr=subprocess.DEVNULL, cwd="/",
            env=account.environment(LOG=counted, PROGRAMS=CHART / "files/mtail/http.mtail", ADDRESS="127.0.0.1", PORT=port, LIMIT=100_000))
        self.addCleanup(end, counter)
        wait(lambda: answers(f"http://127.0.0.1:{port}/metrics") and answers(f"http://127.0.0.1:{page}/favicon.svg"), 60, counter)

        def ask(times):
            for _ in range(times):
                for target in ("/api/gaf/image.png?product=%22x%22", "/css/base.css", "/api/gaf/products"):
                    answers(f"http://127.0.0.1:{page}{target}")

        def samples():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                lines = answer.read().decode().splitlines()
            return {re.sub(r'prog="[^"]*",', "", name): float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith("cryptogaf_"))}

        # No handler listens here.
        image, page_files = ('cryptogaf_http_requests_total{route="/api/gaf/image.png",status="502"}', 'cryptogaf_http_requests_total{route="/",status="200"}')
        ask(20)
        wait(lambda: samples().get(image) == 20, 30, counter)
        with open(counted, "a") as log:
            log.write("other lines\n" * 10_000)
        wait(lambda: counted.stat().st_size == 0, 30, counter)
        ask(20)
        wait(lambda: samples().get(image) == 40, 30, counter)
        found = samples()
        self.assertGreaterEqual(found[page_files], 40)
        self.assertEqual(found['cryptogaf_http_request_seconds_count{route="/api/gaf/products"}'], 40)
        self.assertGreater(found['cryptogaf_http_response_bytes_total{route="/"}'], 40)


@unittest.skipUnless(cluster.installed(), "Postgres is not installed")
class BundledDatabase(unittest.TestCase):
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
            self.folder.write(f"configuration/{name}", text)
        self.folder.write("sockets/.keep", "")
        self.process = None
        self.addCleanup(self.stop)

    def secret(self, role, password):
        self.folder.write(f"secrets/{role}/password", password)
        self.passwords = getattr(self, "passwords", {}) | {role: password}

    def start(self):
        path = self.folder.path
        environment = account.environment(
            PGDATA=path / "data", POSTGRES_DB="market data", SECRETS=path / "secrets", CONFIGURATION=path / "configuration", SOCKETS=path / "sockets",
            PORT=self.port, LISTEN_ADDRESSES="127.0.0.1")
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

    def test_it_starts_with_its_users_and_settings_and_starts_again_with_new_passwords(self):
        self.assertFalse(self.ready())
        self.start()
        self.assertEqual(self.ask("worker", "SHOW max_connections").stdout.strip(), "200")
        self.assertEqual(self.ask("worker", "SHOW log_line_prefix").stdout.strip("\n"), "it's %m ")
        self.assertEqual(self.ask("api", "SELECT pg_has_role('cryptogaf_api', 'member'), pg_has_role('cryptogaf_worker', 'member')").stdout.strip(), "t|f")
        refused = subprocess.run(["psql", "-XAtqc", "SELECT 1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "postgres"], capture_output=True,
                                 text=True, env=account.environment(PGPASSWORD="postgres"))
        self.assertIn("rejects connection", refused.stderr)
        self.assertEqual(self.stop(), 0)
        before = dict(self.passwords)
        self.secret("worker", "another")
        self.start()
        self.assertEqual(self.ask("worker", "SELECT 1").stdout.strip(), "1")
        self.passwords = before
        self.assertIn("authentication failed", self.ask("worker", "SELECT 1").stderr)
        log = (self.folder.path / "log").read_text()
        self.assertNotIn("pass\\word", log)
        self.assertNotIn("another", log)

    def test_postgres_takes_the_settings_that_the_chart_gives_to_any_database(self):
        wanted = find(rendered("cnpg"), "Cluster", f"{RELEASE}-cryptogaf-db")["spec"]["postgresql"]["parameters"]
        self.folder.write("configuration/settings.conf", "".join(f"{name} = '{value}'\n" for name, value in wanted.items()))
        self.start()
        self.assertEqual({name: self.ask("api", f"SHOW {name}").stdout.strip() for name in wanted}, wanted)

    def test_clients_do_not_hold_up_its_end(self):
        self.start()
        client = subprocess.Popen(["psql", "-XAtqc", "SELECT pg_sleep(600)"], stderr=subprocess.DEVNULL, env=account.environment(
            PGHOST="127.0.0.1", PGPORT=self.port, PGDATABASE="market data", PGUSER="gaf_api", PGPASSWORD=self.passwords["api"]))
        wait(lambda: self.ask("api", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%'").stdout.strip() != "1", 30)
        self.assertEqual(self.stop(), 0)
        client.wait(30)

    def test_half_a_cluster_is_made_anew(self):
        self.folder.write("data.new/PG_VERSION", "15")
        self.start()
        self.assertEqual(self.ask("api", "SELECT 1").stdout.strip(), "1")

    @unittest.skipUnless(program() and NGINX, "no program was built, or nginx is not installed")
    def test_the_smoke_test_passes_from_an_empty_database_to_an_image_from_nginx(self):
        self.start()
        migrate = subprocess.run([program(), "migrate"], env=self.variables("owner"), capture_output=True, text=True)
        self.assertEqual(migrate.returncode, 0, migrate.stderr)
        self.assertIn("permission denied", self.ask("api", "DELETE FROM crypto_gaf.gafs").stderr)
        fastcgi = free_port()
        path, page = nginx_configuration("minimal", self.folder, f"127.0.0.1:{fastcgi}")
        serve = subprocess.Popen([program(), "serve", "--listen", f"127.0.0.1:{fastcgi}", "--threads", "2"], env=self.variables("api"),
                                 stderr=subprocess.DEVNULL)
        self.addCleanup(end, serve)
        web = subprocess.Popen(read_only_but(self.folder.path) + nginx_command(self.folder, path, "-g", "daemon off;"), stderr=subprocess.DEVNULL, cwd="/")
        self.addCleanup(end, web)
        wait(lambda: answers(f"http://127.0.0.1:{page}/readyz"), 60, web)
        self.assertEqual(self.smoke("fetch", page).returncode, 1)
        self.assertEqual(self.smoke("insert", page).returncode, 0)
        draw = subprocess.run([program(), "calculate", "--once"], env=self.variables("worker"), capture_output=True, text=True)
        self.assertEqual(draw.returncode, 0, draw.stderr)
        fetched = self.smoke("fetch", page)
        self.assertEqual((fetched.returncode, fetched.stdout.split("\n")[0]), (0, "the image of HELM-TEST: HTTP/1.1 200 OK"), fetched.stderr)
        self.assertEqual(self.ask("worker", "SELECT count(*) FROM crypto_gaf.gafs").stdout.strip(), "0")

    def smoke(self, half, page):
        environment = self.variables("worker") | {"HOST": "127.0.0.1", "PORT": str(page), "TRIES": "2"}
        return subprocess.run(["bash", str(CHART / "files/tests/smoke.sh"), half], env=environment, capture_output=True, text=True)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


if __name__ == "__main__":
    unittest.main()
