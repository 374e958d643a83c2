"""Every query of the Grafana board, asked of a real Prometheus that watches the real /metrics and mtail's."""

import json
import re
import shutil
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from chart import CHART
from bundled import MTAIL, NGINX, BundledServer, account, answers, cluster, end, free_port, nginx_command, nginx_configuration, wait
from program import program

PROMETHEUS = shutil.which("prometheus")
BOARDS = sorted((CHART / "files/dashboards").glob("*.json"))
# Of things that are not here: Postgres' exporter, CloudNativePG, a kubelet. Prometheus must understand what is asked; it has no answer.
ELSEWHERE = re.compile(r"\b(pg_|cnpg_|kubelet_)")
FILL = """
INSERT INTO crypto_gaf.gafs (product, max_size, redraw_interval) VALUES ('BTC-USD', 32, '0 s');
INSERT INTO crypto_gaf.feeds (product) VALUES ('BTC-USD') ON CONFLICT DO NOTHING;
INSERT INTO crypto_gaf.samples (product, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells)
SELECT 'BTC-USD', 100 + n % 7, ARRAY[101, 102, 103], ARRAY[1, 2, 3], ARRAY[99, 98, 97], ARRAY[3, 2, 1], ARRAY[n, 1, 1], ARRAY[n, 1, 1]
FROM generate_series(1, 32) AS n;
INSERT INTO crypto_gaf.job_runs (job, finished_at, outcome) VALUES ('backup', clock_timestamp(), 'succeeded'), ('restore-drill', clock_timestamp(), 'failed')
"""
SAMPLE = """INSERT INTO crypto_gaf.samples (product, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells)
SELECT 'BTC-USD', 100 + random(), ARRAY[101, 102, 103], ARRAY[1, 2, 3], ARRAY[99, 98, 97], ARRAY[3, 2, 1], ARRAY[1, 1, 1], ARRAY[1, 1, 1]"""


def targets():
    """(panel, query) of every board."""
    for path in BOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield panel["title"], target["expr"]


def filled(query):
    """With Grafana's variables as they are when everything is chosen."""
    for name, value in (("$namespace", ".*"), ("$product", ".*"), ("$__rate_interval", "20s")):
        query = query.replace(name, value)
    return query


class Boards(unittest.TestCase):
    def test_they_are_in_order(self):
        self.assertTrue(BOARDS)
        for path in BOARDS:
            board = json.loads(path.read_text())
            panels = board["panels"]
            self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
            rows = [panel["title"] for panel in panels if panel["type"] == "row"]
            self.assertEqual(rows, ["Freshness", "Images", "Jobs", "Coverage", "HTTP", "Database"])
            places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
            self.assertEqual(len(places), len(panels))
            for panel in panels:
                self.assertLessEqual(panel["gridPos"]["x"] + panel["gridPos"]["w"], 24)
            self.assertNotIn("$__", filled("".join(query for _, query in targets())))


@unittest.skipUnless(PROMETHEUS and MTAIL and NGINX, "prometheus, mtail or nginx is not installed")
@unittest.skipUnless(program() and cluster.installed(), "the program or Postgres is missing")
class Queries(BundledServer):
    def test_every_query_has_an_answer_from_what_our_processes_tell(self):
        self.start()
        self.assertEqual(subprocess.run([program(), "migrate"], env=self.variables("owner"), capture_output=True).returncode, 0)
        # Months of facts, as maintain makes them.
        for statement in (FILL, "SELECT crypto_gaf.ensure_month(fact, current_date) FROM unnest(ARRAY['fact_klines', 'fact_orderbook', 'tickers']) AS fact"):
            done = self.ask("worker", statement)
            self.assertEqual(done.returncode, 0, done.stderr)
        page, counts = self.web()
        self.draw()
        url = self.prometheus(page, counts)
        asked = [(panel, filled(query)) for panel, query in targets()]
        deadline = time.monotonic() + 90
        waiting = [(panel, query) for panel, query in asked if not ELSEWHERE.search(query)]
        self.assertGreater(len(waiting), 15)
        while waiting and time.monotonic() < deadline:
            for target in ("/", "/api/gaf/products", "/api/gaf/image.png?product=none"):
                answers(f"http://127.0.0.1:{page}{target}")
            self.draw()
            waiting = [(panel, query) for panel, query in waiting if not self.query(url, query)]
        self.assertEqual(waiting, [], "without an answer")
        for panel, query in asked:
            self.assertIsNotNone(self.query(url, query), panel)

    def draw(self):
        self.ask("worker", SAMPLE)
        done = subprocess.run([program(), "calculate", "--once"], env=self.variables("worker"), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def web(self):
        """Handlers, nginx and mtail; (nginx' port, mtail's)."""
        fastcgi, counts = free_port(), free_port()
        path, page = nginx_configuration("cnpg", self.folder, f"127.0.0.1:{fastcgi}")
        self.popen([program(), "serve", "--listen", f"127.0.0.1:{fastcgi}", "--threads", "2"], self.variables("api"))
        self.popen(nginx_command(self.folder, path, "-g", "daemon off;"), None)
        self.popen(account.prefix() + ["sh", str(CHART / "files/mtail/start.sh")], account.environment(
            LOG=self.folder.path / "run/counted.log", PROGRAMS=CHART / "files/mtail/http.mtail", ADDRESS="127.0.0.1", PORT=counts))
        wait(lambda: answers(f"http://127.0.0.1:{page}/metrics") and answers(f"http://127.0.0.1:{counts}/metrics"), 60)
        return page, counts

    def prometheus(self, page, counts):
        port = free_port()
        jobs = [{"job_name": name, "honor_labels": True, "static_configs": [{"targets": [f"127.0.0.1:{of}"], "labels": {"namespace": "markets"}}]}
                for name, of in (("nginx", page), ("mtail", counts))]
        path = self.folder.write("prometheus.json", json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
        self.folder.write("series/.keep", "")
        self.popen(account.prefix() + [PROMETHEUS, f"--config.file={path}", f"--storage.tsdb.path={self.folder.path / 'series'}",
                                       f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"], account.environment())
        wait(lambda: answers(f"http://127.0.0.1:{port}/-/ready"), 60)
        return f"http://127.0.0.1:{port}"

    def popen(self, command, environment):
        process = subprocess.Popen(command, env=environment, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)

    def query(self, url, text):
        """The series that answer; none may be. An error fails the test."""
        try:
            with urllib.request.urlopen(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': text})}", timeout=20) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            self.fail(f"{text}: {error.read().decode()}")


if __name__ == "__main__":
    unittest.main()
