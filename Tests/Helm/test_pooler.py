"""Handlers behind a real PgBouncer that gives each transaction whichever server connection is free, as the chart's pooler does."""

import shutil
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

from chart import CASES, merged, render
from bundled import NGINX, BundledServer, account, answers, cluster, end, free_port, nginx_command, nginx_configuration, wait
from program import program

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")


class Rendering(unittest.TestCase):
    def test_only_what_takes_no_lock_of_a_session_comes_through_the_pooler(self):
        values = merged("cnpg", {"postgres": {"pooler": {"enabled": True}}})
        pooled = set()
        for one in render(values):
            template = one.get("spec", {}).get("jobTemplate", one).get("spec", {}).get("template", {}) if isinstance(one.get("spec"), dict) else {}
            for container in [*template.get("spec", {}).get("initContainers", []), *template.get("spec", {}).get("containers", [])]:
                if any(variable["name"] == "POSTGRES_POOLED" for variable in container.get("env", [])):
                    pooled.add(" ".join(container["command"][:3]))
        self.assertEqual(pooled, {"cryptogaf serve --listen", "cryptogaf migrate --wait"})
        self.assertIn("cnpg", CASES)


@unittest.skipUnless(PGBOUNCER and NGINX, "pgbouncer or nginx is not installed")
@unittest.skipUnless(program() and cluster.installed(), "the program or Postgres is missing")
class Pooler(BundledServer):
    THREADS = 8

    def pooler(self):
        """Two connections to Postgres for all clients; the port."""
        port = free_port()
        quoted = self.passwords["api"].replace("'", "''")
        self.folder.write("pgbouncer.ini", f"""[databases]
pooled = host=127.0.0.1 port={self.port} dbname='market data' user=gaf_api password='{quoted}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
""")
        process = subprocess.Popen(account.prefix() + [PGBOUNCER, "-q", str(self.folder.path / "pgbouncer.ini")], cwd="/", stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)
        return port

    def pooled(self):
        return self.variables("api") | {"POSTGRES_PORT": str(self.pooler()), "POSTGRES_DB": "pooled", "POSTGRES_POOLED": "true"}

    def test_more_handlers_than_connections_answer_all_requests_and_leave_nothing_in_the_sessions(self):
        self.start()
        migrate = subprocess.run([program(), "migrate"], env=self.variables("owner"), capture_output=True, text=True)
        self.assertEqual(migrate.returncode, 0, migrate.stderr)
        environment = self.pooled()
        waited = subprocess.run([program(), "migrate", "--wait", "1m"], env=environment, capture_output=True, text=True)
        self.assertEqual(waited.returncode, 0, waited.stderr)
        fastcgi = free_port()
        path, page = nginx_configuration("minimal", self.folder, f"127.0.0.1:{fastcgi}")
        serve = subprocess.Popen([program(), "serve", "--listen", f"127.0.0.1:{fastcgi}", "--threads", str(self.THREADS)],
                                 env=environment | {"TRACE_REQUESTS": "true"}, stderr=subprocess.DEVNULL)
        self.addCleanup(end, serve)
        web = subprocess.Popen(nginx_command(self.folder, path, "-g", "daemon off;"), cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, web)
        wait(lambda: answers(f"http://127.0.0.1:{page}/readyz"), 60, serve)
        paths = ["/api/gaf/products", "/readyz", "/metrics"] * 60
        with ThreadPoolExecutor(2 * self.THREADS) as pool:
            failed = [path for path, well in zip(paths, pool.map(lambda path: answers(f"http://127.0.0.1:{page}{path}"), paths)) if not well]
        self.assertEqual(failed, [])
        sessions = self.ask("api", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'gaf_api' AND pid <> pg_backend_pid()").stdout.strip()
        self.assertLessEqual(int(sessions), 2)

    def test_what_keeps_locks_or_tables_in_its_session_is_refused(self):
        environment = self.variables("worker") | {"POSTGRES_POOLED": "true", "LAKE_URL": "file:///tmp"}
        for words in (["collect"], ["migrate"], ["job", "aggregate"], ["replay", "--from", "2026-01-01"]):
            done = subprocess.run([program(), *words], env=environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn("keeps locks or temporary tables in its session", done.stderr)


if __name__ == "__main__":
    unittest.main()
