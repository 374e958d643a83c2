"""Backups of the bundled database: made, drilled and restored by the chart's scripts with the real pgBackRest and Postgres."""

import json
import re
import shutil
import subprocess
import time
import unittest

import tls
from chart import ROOT, RELEASE, find, rendered
from bundled import SOAK, BundledServer, account, cluster, end, free_port, read_only_but, wait
from program import program

PGBACKREST = shutil.which("pgbackrest")
RCLONE = ROOT / ".build/venv/bin/rclone"


class Rendering(unittest.TestCase):
    def test_the_bundled_database_archives_and_has_its_backups_beside_it(self):
        objects = rendered("bundled")
        settings = find(objects, "ConfigMap", f"{RELEASE}-cryptogaf-db")["data"]["settings.conf"]
        for line in ("archive_mode = 'on'", "archive_timeout = '15min'", "track_commit_timestamp = 'on'"):
            self.assertIn(line, settings)
        pod = find(objects, "StatefulSet", f"{RELEASE}-cryptogaf-db")["spec"]["template"]["spec"]
        server, beside = pod["containers"]
        self.assertEqual(server["image"], beside["image"])
        self.assertIn("cryptogaf-postgres", beside["image"])
        self.assertEqual(beside["command"][-1], "schedule")
        # Neither finds the other's backups if they are told differently.
        told = [{one["name"]: one for one in container["env"] if one["name"].startswith("PGBACKREST")} for container in (server, beside)]
        self.assertEqual(*told)

    def test_without_backups_nothing_of_them_is_there(self):
        pod = find(rendered("minimal"), "StatefulSet", f"{RELEASE}-cryptogaf-db")["spec"]["template"]["spec"]
        self.assertEqual([one["name"] for one in pod["containers"]], ["postgres"])
        self.assertNotIn("PGBACKREST", json.dumps(pod))
        self.assertNotIn("archive_mode", find(rendered("minimal"), "ConfigMap", f"{RELEASE}-cryptogaf-db")["data"]["settings.conf"])


@unittest.skipUnless(PGBACKREST, "pgbackrest is not installed")
@unittest.skipUnless(program() and cluster.installed(), "the program or Postgres is missing")
class Backups(BundledServer):
    def variables_of_pgbackrest(self, case="bundled"):
        """What the chart tells pgBackRest, on this machine's places."""
        pod = find(rendered(case), "StatefulSet", f"{RELEASE}-cryptogaf-db")["spec"]["template"]["spec"]
        path = self.folder.path
        own = {one["name"]: one.get("value") for one in pod["containers"][1]["env"] if one["name"].startswith("PGBACKREST")}
        own |= {"PGBACKREST_PG1_PATH": path / "data", "PGBACKREST_PG1_SOCKET_PATH": path / "sockets", "PGBACKREST_PG1_PORT": self.port,
                "PGBACKREST_LOCK_PATH": path / "sockets/lock"}
        if own["PGBACKREST_REPO1_PATH"] == "/backups":
            own["PGBACKREST_REPO1_PATH"] = path / "backups"
        return {name: str(value) for name, value in own.items()}

    def setUp(self):
        super().setUp()
        for name in ("backups", "scratch"):
            self.folder.write(f"{name}/.keep", "")
        (self.folder.path / "backups/.keep").unlink()
        self.more = self.variables_of_pgbackrest()

    def script(self, *words, **variables):
        path = self.folder.path
        environment = account.environment(
            PGDATA=path / "data", POSTGRES_DB="market data", SOCKETS=path / "sockets", PORT=self.port, SCRATCH=path / "scratch") | self.more | variables
        command = read_only_but(path) + account.prefix() + ["bash", str(path / "configuration/backup.sh"), *words]
        return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)

    def write(self, times):
        """Commits, at moments of their own."""
        for _ in range(times):
            self.ask("worker", "INSERT INTO crypto_gaf.samples (product, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells) SELECT product, "
                               "midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells FROM crypto_gaf.samples LIMIT 20")
            time.sleep(0.5)

    def test_a_backup_and_a_drill_at_a_random_moment_succeed_and_the_metrics_know(self):
        self.filled(large=SOAK)
        made = self.script("backup")
        self.assertEqual(made.returncode, 0, made.stderr + made.stdout)
        self.assertEqual(self.last("backup")[0], "succeeded")
        self.write(8)
        drilled = self.script("drill")
        self.assertEqual(drilled.returncode, 0, drilled.stderr + drilled.stdout)
        outcome, counts, _ = self.last("restore-drill")
        self.assertEqual((outcome, counts["rows_missing"]), ("succeeded", 0))
        self.assertGreater(counts["rows_compared"], 500)
        self.assertFalse((self.folder.path / "scratch/drill").exists())
        print(f"backup in {self.last('backup')[1]['milliseconds']} ms; drill: {counts['bytes'] / 1e6:.0f} MB restored in {counts['restore_ms']} ms, replayed in {counts['replay_ms']} ms, "
              f"{counts['rows_compared']} rows equal", flush=True)

    def test_a_drill_without_a_backup_or_archive_fails_and_says_so(self):
        self.filled()
        self.script("backup")
        shutil.rmtree(self.folder.path / "backups/backup")
        drilled = self.script("drill")
        self.assertNotEqual(drilled.returncode, 0)
        self.assertEqual(self.last("restore-drill")[0], "failed")
        self.assertIn("there is no backup", self.last("restore-drill")[2])

    def test_a_drill_finds_rows_that_the_backup_does_not_have(self):
        self.filled()
        self.script("backup")
        self.write(6)
        # The log since the backup is lost to a fault that pgBackRest cannot know of: another cluster's rows in place of ours.
        path = self.folder.path / "configuration/backup.sh"
        text = path.read_text()
        self.assertEqual(text.count("until [ \"$(scratch_sql"), 1)
        spoil = "scratch_sql -c 'SET session_replication_role = replica; UPDATE crypto_gaf.samples SET midpoint = midpoint + 1 WHERE midpoint = 7'"
        path.write_text(text.replace("    replayed=$(milliseconds)", f"    {spoil}\n    replayed=$(milliseconds)"))
        drilled = self.script("drill")
        self.assertNotEqual(drilled.returncode, 0)
        outcome, _, error = self.last("restore-drill")
        self.assertEqual(outcome, "failed")
        self.assertRegex(error, r"^[1-9]\d* of \d+ rows are missing or different")

    def test_the_database_is_put_back_to_a_moment_and_goes_on_from_there(self):
        self.filled()
        self.assertEqual(self.script("backup").returncode, 0)
        self.write(2)
        before = self.ask("worker", "SELECT count(*) FROM crypto_gaf.samples").stdout
        moment = self.ask("worker", "SELECT clock_timestamp()").stdout.strip()
        time.sleep(0.1)
        self.assertEqual(self.ask("worker", "DELETE FROM crypto_gaf.samples").returncode, 0)
        await_archive = self.script("backup")
        self.assertEqual(await_archive.returncode, 0, await_archive.stderr)
        asked = self.script("restore", moment)
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.stop()
        started = time.monotonic()
        self.start()
        print(f"restore in place: {time.monotonic() - started:.1f} s from start to answers", flush=True)
        self.assertEqual(self.ask("worker", "SELECT count(*) FROM crypto_gaf.samples").stdout, before)
        self.assertEqual(self.ask("worker", "DELETE FROM crypto_gaf.samples WHERE midpoint = 1").returncode, 0)
        # What was there stays, and the next backup and drill are of the new line of history.
        self.assertEqual(len(list(self.folder.path.glob("data.before-*"))), 1)
        self.assertEqual(self.script("backup").returncode, 0)
        self.write(6)
        drilled = self.script("drill")
        self.assertEqual(drilled.returncode, 0, drilled.stderr + drilled.stdout)

    @unittest.skipUnless(RCLONE.exists(), "rclone is not installed")
    def test_backups_go_to_s3_and_come_back_from_there(self):
        path = self.folder.path
        authority, certificate, key = tls.authority(self.folder.write("tls/.keep", "").parent, ["localhost"])
        for name, text in (("ca.crt", authority), ("server.crt", certificate), ("server.key", key)):
            self.folder.write(f"tls/{name}", text)
        self.folder.write("store/gaf-backups/.keep", "")
        port, keys = free_port(), ("access-of-gaf", "secret-of-gaf")
        store = subprocess.Popen(account.prefix() + [
            RCLONE, "serve", "s3", path / "store", "--addr", f"127.0.0.1:{port}", "--auth-key", ",".join(keys), "--cert", path / "tls/server.crt", "--key",
            path / "tls/server.key", "--vfs-cache-mode", "off"], cwd="/", env=account.environment(HOME=path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, store)
        # Before the store: Postgres does not end before its log is archived.
        self.addCleanup(self.stop)
        self.more = self.variables_of_pgbackrest("locked-down") | {
            "PGBACKREST_REPO1_S3_ENDPOINT": f"localhost:{port}", "PGBACKREST_REPO1_STORAGE_CA_FILE": str(path / "tls/ca.crt"),
            "PGBACKREST_REPO1_S3_KEY": keys[0], "PGBACKREST_REPO1_S3_KEY_SECRET": keys[1]}
        self.assertEqual(self.more["PGBACKREST_REPO1_TYPE"], "s3")
        self.filled()
        made = self.script("backup")
        self.assertEqual(made.returncode, 0, made.stderr + made.stdout)
        self.write(4)
        drilled = self.script("drill")
        self.assertEqual(drilled.returncode, 0, drilled.stderr + drilled.stdout)
        self.assertEqual(self.last("restore-drill")[1]["rows_missing"], 0)
        self.assertTrue(list((path / "store/gaf-backups/cryptogaf/backup/main").glob("20*F")))

    def test_the_schedule_makes_the_first_backup_at_once(self):
        self.filled()
        path = self.folder.path
        environment = account.environment(
            PGDATA=path / "data", POSTGRES_DB="market data", SOCKETS=path / "sockets", PORT=self.port, SCRATCH=path / "scratch") | self.more
        process = subprocess.Popen(read_only_but(path) + account.prefix() + ["bash", str(path / "configuration/backup.sh"), "schedule"], env=environment,
                                   cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        wait(lambda: re.match("succeeded", self.ask("worker", "SELECT outcome FROM crypto_gaf.job_runs WHERE job = 'backup' AND finished_at IS NOT NULL").stdout), 60,
             process)


if __name__ == "__main__":
    unittest.main()
