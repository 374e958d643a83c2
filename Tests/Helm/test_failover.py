"""The primary is killed and its standby promoted, as an operator of Postgres does it, while two collect and two calculate go on."""

import signal
import subprocess
import sys
import time
import unittest

from chart import ROOT
from bundled import NGINX, account, cluster, end, free_port, wait
from program import program
from service import Service

sys.path.insert(0, str(ROOT / "Tests/Browser"))
from stack import Stack  # noqa: E402  (Postgres, a venue and nginx in a folder of their own)


@unittest.skipUnless(NGINX, "nginx is not installed")
@unittest.skipUnless(program() and cluster.installed(), "the program or Postgres is missing")
class Failover(unittest.TestCase):
    def test_collect_goes_on_after_the_promotion_and_nothing_acknowledged_is_lost(self):
        stack = Stack()
        self.addCleanup(stack.stop)
        stack.start_database()
        stack.start_venue("--synthetic", "7")
        stack.start_web()
        stack.run("worker", "product", "add", "BTC-USD", "--redraw-interval", "0")
        standby = self.standby(stack)
        service = Service()
        self.addCleanup(service.end)
        service.pods = [stack.cluster.port]
        workers = [self.worker(stack, service, *words) for words in (["collect", "--interval", "0.1"],) * 2 + (["calculate", "--sleep", "0.2"],) * 2]
        ids = "SELECT sample_id FROM crypto_gaf.samples ORDER BY sample_id"
        wait(lambda: len(stack.sql(ids).split()) > 30 and stack.sql("SELECT calculated_at FROM crypto_gaf.gafs"), 90)

        # What another session sees has been acknowledged: with a synchronous standby nothing is seen before the standby has it.
        seen = stack.sql(ids).split()
        primary = stack.running.pop("postgres")
        primary.send_signal(signal.SIGKILL)
        primary.wait(30)
        done = subprocess.run(account.prefix() + [str(standby.programs / "pg_ctl"), "-D", str(standby.data), "-w", "promote"], capture_output=True,
                              text=True, env=account.environment(), cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        promoted = time.time()
        service.pods = [standby.port]

        def now(text):
            return standby.psql(text, database="cryptogaf")
        after = f"FROM crypto_gaf.samples WHERE sampled_at > to_timestamp({promoted})"
        wait(lambda: int(now(f"SELECT count(*) {after}")) > 20, 60)
        self.assertEqual(set(seen) - set(now(ids).split()), set())
        recovery = float(now(f"SELECT extract(epoch FROM min(sampled_at)) {after}")) - promoted
        drawn = now("SELECT calculated_at FROM crypto_gaf.gafs")
        wait(lambda: now("SELECT calculated_at FROM crypto_gaf.gafs") != drawn, 60)
        self.assertEqual([one.poll() for one in workers], [None] * 4)
        # One collects: the same moment is nowhere twice.
        self.assertEqual(now("SELECT count(*) - count(DISTINCT sampled_at) FROM crypto_gaf.samples"), "0")
        print(f"failover: first sample {recovery:.1f} s after the promotion; {len(seen)} acknowledged samples, none lost", flush=True)

    def standby(self, stack):
        """A synchronous one that streams."""
        copy = cluster.Cluster(stack.folder, free_port())
        copy.data = stack.folder / "standby"
        command = account.prefix() + [str(copy.programs / "pg_basebackup"), "-D", str(copy.data), "-R", "-X", "stream", "-c", "fast"]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/",
                              env=account.environment(**stack.cluster.environment("postgres", "postgres") | {"PGHOST": "127.0.0.1"}))
        self.assertEqual(done.returncode, 0, done.stderr)
        stack.start("standby", copy.command("fsync=off", "hot_standby_feedback=on"))
        copy.wait(60)
        stack.cluster.psql("ALTER SYSTEM SET synchronous_standby_names = '*';\nSELECT pg_reload_conf();")
        wait(lambda: stack.cluster.psql("SELECT sync_state FROM pg_stat_replication") == "sync", 60)
        return copy

    def worker(self, stack, service, *words):
        environment = stack.environment("worker") | {"PGHOST": "127.0.0.1", "PGPORT": str(service.port)}
        process = subprocess.Popen(account.prefix() + [str(program()), *words], env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)
        return process


if __name__ == "__main__":
    unittest.main()
