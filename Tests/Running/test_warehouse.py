"""The lake, the warehouse and the jobs between them, in the stack of `make run`."""

import sys
import time
import unittest

from coinbase import PRODUCTS, Coinbase, candle
from stack_case import ROOT, StackCase

sys.path.insert(0, str(ROOT / ".dev/local"))

import jobs

JOBS = [job["name"] for job in jobs.read_all() if job["arguments"][0] == "job"]
# Every job of the list runs each minute at most, so what one says must not add up.
LINES_OF_A_QUIET_RUN = 3


class WarehouseTests(StackCase):
    def sql(self, text):
        done = self.command("--psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def run_of(self, name, *options):
        """Not one that found cron's under way."""
        return self.eventually(lambda: (done := self.command("--job", name, *options)) and "job.overlapped" not in done.stderr and done, name)

    def job(self, name, *options):
        done = self.run_of(name, *options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stderr

    def listed(self):
        return [line.split()[0] for line in self.command("--do", "symbols", "list").stdout.splitlines()[1:]]

    def test_a_live_venue_is_ingested_loaded_and_rolled_up(self):
        venue = Coinbase()
        self.addCleanup(venue.close)
        self.started_up(self.start(MARKET="auto", COINBASE_EXCHANGE_URL=venue.url))
        self.assertIn("live market", self.output())
        self.assertEqual(sorted(self.listed()), sorted(f"coinbase:{product}" for product in PRODUCTS))
        self.assertEqual(self.sql("SELECT bool_and(now() - since BETWEEN interval '1 day' AND interval '49 hours') FROM crypto_gaf.tracked_symbols"), "t")
        self.job("ingest-klines")
        self.job("ingest-depth")
        self.job("ingest-tickers")
        lake = self.folder / "run/lake/cryptogaf"
        self.assertEqual({path.parts[-6:-4] for path in lake.rglob("*.json.gz")},
                         {(product, channel) for product in PRODUCTS for channel in ("klines", "depth", "tickers")})
        self.job("transform")
        self.job("aggregate")
        for table in ("fact_klines", "fact_orderbook", "tickers", "hourly_klines"):
            self.assertEqual(self.sql(f"SELECT count(DISTINCT symbol) FROM crypto_gaf.{table}"), str(len(PRODUCTS)), table)
        self.assertEqual(self.noon_of_yesterday(), self.expected_noon())
        self.job("maintain", "--dry-run")
        for name in JOBS:
            with self.subTest(name):
                self.job(name)
        self.assertEqual(self.sql("SELECT count(*) FROM crypto_gaf.coverage WHERE unexplained > 0"), "0")
        self.assertEqual(self.sql("SELECT count(*) FROM crypto_gaf.job_runs WHERE outcome IN ('failed', 'died')"), "0")
        for report in sorted((ROOT / "sql/reports").glob("*.sql")):
            done = self.command("--psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", str(report))
            self.assertEqual((done.returncode, done.stderr), (0, ""), report.name)

    def noon_of_yesterday(self):
        row = self.sql("SELECT open, high, low, close, volume, minutes_present FROM crypto_gaf.hourly_klines "
                       "WHERE symbol = 'BTC-USD' AND open_time = date_trunc('day', now(), 'UTC') - interval '12 hours'")
        return [float(number) for number in row.split("|")]

    @staticmethod
    def expected_noon():
        noon = int(time.time()) // 86_400 * 86_400 - 12 * 3600
        minutes = [candle(noon + 60 * n, time.time()) for n in range(60)]
        _, lows, highs, opens, closes, volumes = zip(*minutes)
        return [opens[0], max(highs), min(lows), closes[-1], sum(volumes), 60]

    def test_with_nothing_tracked_every_job_ends_well_and_says_little(self):
        self.started_up(self.start())
        self.assertEqual(self.listed(), [])
        for name in JOBS:
            with self.subTest(name):
                self.assertLessEqual(len(self.job(name).splitlines()), LINES_OF_A_QUIET_RUN)

    def test_venues_that_cannot_be_reached_are_named_once_a_run(self):
        away = "http://127.0.0.1:9"
        self.started_up(self.start(BINANCE_URL=away, KRAKEN_URL=away))
        symbols = [f"binance:{base}-USDT" for base in ("BTC", "ETH", "SOL", "XRP")] + ["kraken:BTC-USD", "kraken:ETH-USD"]
        self.assertEqual(self.command("--do", "symbols", "track", *symbols).returncode, 0)
        for name in JOBS:
            with self.subTest(name):
                said = self.run_of(name).stderr
                self.assertLessEqual(len(said.splitlines()), LINES_OF_A_QUIET_RUN + 2, said)
                if name.startswith("ingest-"):
                    for venue in ("binance", "kraken"):
                        self.assertEqual(said.count(f'"venue":"{venue}"'), 1, said)

    def test_a_command_by_hand_needs_a_stack_that_runs(self):
        for words in (("--do", "symbols", "list"), ("--job", "transform"), ("--psql", "-c", "SELECT 1")):
            done = self.command(*words)
            self.assertEqual((done.returncode, done.stdout), (1, "nothing runs here; make run first\n"))


if __name__ == "__main__":
    unittest.main()
