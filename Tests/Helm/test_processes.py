"""The chart's scripts and configuration, run by the real Postgres, nginx and program."""

import re
import subprocess
import unittest
import urllib.request

from chart import CASES, CHART, RELEASE, find, rendered
from bundled import MTAIL, NGINX, BundledServer, Folder, account, answers, cluster, end, free_port, nginx_command, nginx_configuration, \
    read_only_but, wait
from program import program


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
class BundledDatabase(BundledServer):
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


if __name__ == "__main__":
    unittest.main()
