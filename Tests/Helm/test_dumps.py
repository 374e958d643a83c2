"""Backups of a database of one's own: dumped, drilled and restored by the chart's script with the real pg_dump and Postgres."""

import gzip
import json
import subprocess
import time
import unittest

from chart import CHART, NAMESPACE, RELEASE, chart, find, merged, of_kind, pod_template, rendered
from bundled import SOAK, BundledServer, account, cluster, read_only_but
from program import program


class Rendering(unittest.TestCase):
    def test_each_is_a_cron_job_that_finds_the_script_the_database_and_the_same_volume(self):
        objects = rendered("external")
        script = find(objects, "ConfigMap", f"{RELEASE}-cryptogaf-dumps")["data"]
        self.assertEqual(script, {"dump.sh": (CHART / "files/external/dump.sh").read_text(), "runs.sh": (CHART / "files/postgres/runs.sh").read_text()})
        claims = set()
        for name, schedule, word in (("backup", "0 2 * * *", "backup"), ("restore-drill", "30 3 * * 0", "drill")):
            one = find(objects, "CronJob", f"{RELEASE}-cryptogaf-{name}")
            self.assertEqual((one["spec"]["schedule"], one["spec"]["concurrencyPolicy"]), (schedule, "Forbid"))
            spec = pod_template(one)[1]
            container = spec["containers"][0]
            self.assertEqual(container["command"], ["bash", "/etc/cryptogaf/dump.sh", word])
            variables = {variable["name"]: variable.get("value") for variable in container["env"]}
            self.assertEqual([variables[key] for key in ("POSTGRES_HOST", "POSTGRES_USER", "PGSSLMODE", "KEEP")],
                             ["db.example.com", "admin_of_gaf", "verify-full", "14"])
            claims |= {volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"] if "persistentVolumeClaim" in volume}
        self.assertEqual(claims, {f"{RELEASE}-cryptogaf-backups"})
        self.assertEqual(find(objects, "PersistentVolumeClaim", f"{RELEASE}-cryptogaf-backups").annotations, {"helm.sh/resource-policy": "keep"})

    def test_who_installs_is_told_whether_somebody_backs_the_database_up(self):
        def notes(enabled):
            values = merged("external", {"postgres": {"external": {"backup": {"enabled": enabled}}}})
            texts = chart().render(values, name=RELEASE, namespace=NAMESPACE)
            return next(text for path, text in texts.items() if path.endswith("NOTES.txt"))
        self.assertIn("create job --from=cronjob/gaf-cryptogaf-backup now", notes(True))
        self.assertIn("see that somebody does", notes(False))

    def test_nobody_else_has_them(self):
        for case in ("minimal", "bundled", "cnpg", "predecessor"):
            self.assertEqual([one.name for one in of_kind(rendered(case), "CronJob") if one.name.endswith(("backup", "drill"))], [], case)


@unittest.skipUnless(program() and cluster.installed(), "the program or Postgres is missing")
class Dumps(BundledServer):
    """The server stands for one that somebody else runs: the script knows an address and the owner's password."""

    def setUp(self):
        super().setUp()
        for name in ("backups", "scratch", "tmp"):
            self.folder.write(f"{name}/.keep", "")
        for name in ("external/dump.sh", "postgres/runs.sh"):
            self.folder.write(f"script/{name.split('/')[1]}", (CHART / "files" / name).read_text())
        self.backups = self.folder.path / "backups"

    def script(self, *words, **variables):
        path = self.folder.path
        environment = self.variables("owner") | {"BACKUPS": str(self.backups), "SCRATCH": str(path / "scratch"), "TMPDIR": str(path / "tmp"), "KEEP": "2"}
        command = read_only_but(path) + account.prefix() + ["bash", str(path / "script/dump.sh"), *words]
        return subprocess.run(command, env=environment | variables, cwd="/", capture_output=True, text=True)

    def dumped(self, large=False):
        self.filled(large)
        made = self.script("backup")
        self.assertEqual(made.returncode, 0, made.stderr + made.stdout)
        return self.names()[-1]

    def names(self):
        return sorted(path.name for path in self.backups.iterdir() if path.name != ".keep")

    def test_what_is_dumped_can_be_restored_to_the_last_row_and_the_metrics_know(self):
        self.dumped(large=SOAK)
        outcome, made, _ = self.last("backup")
        self.assertEqual(outcome, "succeeded")
        # What is written later is not in the dump, and no fault of it.
        self.ask("worker", "DELETE FROM crypto_gaf.samples WHERE midpoint > 400")
        drilled = self.script("drill")
        self.assertEqual(drilled.returncode, 0, drilled.stderr + drilled.stdout)
        outcome, counts, _ = self.last("restore-drill")
        self.assertEqual((outcome, counts["tables_different"], counts["rows_compared"]), ("succeeded", 0, made["rows"]))
        self.assertGreater(counts["rows_compared"], 500)
        self.assertEqual(list((self.folder.path / "scratch").iterdir()), [self.folder.path / "scratch/.keep"])
        print(f"dump of {made['bytes'] / 1e6:.1f} MB in {made['milliseconds']} ms; drill: {counts['bytes'] / 1e6:.0f} MB, {counts['rows_compared']} rows of {counts['tables_compared']} tables restored in {counts['restore_ms']} ms, all equal", flush=True)

    def test_a_drill_finds_rows_that_were_not_dumped_so_and_a_dump_that_is_damaged(self):
        name = self.dumped()
        data = max((self.backups / name / "dump").glob("*.dat.gz"), key=lambda path: path.stat().st_size)
        text = gzip.decompress(data.read_bytes())
        self.assertIn(b"\t400\t", text)
        data.write_bytes(gzip.compress(text.replace(b"\t400\t", b"\t401\t", 1)))
        self.assertNotEqual(self.script("drill").returncode, 0)
        outcome, _, error = self.last("restore-drill")
        self.assertEqual(outcome, "failed")
        self.assertIn('"tables_different": 1', error)
        data.write_bytes(data.read_bytes()[:-100])
        self.assertNotEqual(self.script("drill").returncode, 0)
        self.assertIn(f"{name} could not be restored", self.last("restore-drill")[2])

    def test_it_is_restored_into_an_empty_database_by_its_owner_and_never_over_another(self):
        self.dumped()
        refused = self.script("restore")
        self.assertEqual(refused.returncode, 73)
        self.assertIn("has a schema crypto_gaf", refused.stderr)
        before = self.ask("worker", "SELECT md5(string_agg(t::text, '' ORDER BY sample_id)) FROM crypto_gaf.samples t").stdout
        self.assertEqual(self.ask("owner", "ALTER SCHEMA crypto_gaf RENAME TO before").returncode, 0)
        restored = self.script("restore")
        self.assertEqual(restored.returncode, 0, restored.stderr + restored.stdout)
        self.assertEqual(self.ask("worker", "SELECT md5(string_agg(t::text, '' ORDER BY sample_id)) FROM crypto_gaf.samples t").stdout, before)
        # Rights, functions and numbering came along: programs go on as if nothing had been.
        migrate = subprocess.run([program(), "migrate"], env=self.variables("owner"), capture_output=True, text=True)
        self.assertEqual(migrate.returncode, 0, migrate.stderr)
        draw = subprocess.run([program(), "calculate", "--once"], env=self.variables("worker"), capture_output=True, text=True)
        self.assertEqual(draw.returncode, 0, draw.stderr)
        self.assertEqual(self.ask("api", "SELECT count(*) FROM crypto_gaf.draws").stdout.strip(), "1")
        self.assertIn("permission denied", self.ask("api", "DELETE FROM crypto_gaf.gafs").stderr)

    def test_a_dump_that_fails_is_told_and_leaves_what_was_there(self):
        first = self.dumped()
        self.assertEqual(self.ask("owner", "CREATE TABLE crypto_gaf.foreign_body (n int); REVOKE ALL ON crypto_gaf.foreign_body FROM CURRENT_USER").returncode, 0)
        failed = self.script("backup")
        self.assertNotEqual(failed.returncode, 0)
        self.assertEqual(self.last("backup")[0], "failed")
        self.assertEqual(self.names(), [first])

    def test_two_of_one_second_are_both_kept(self):
        first = self.dumped()
        # As if the one before had ended only now, and the next second had one too.
        now = int(time.time())
        for second in range(now, now + 3):
            (self.backups / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))).mkdir(exist_ok=True)
        made = self.script("backup", KEEP="9")
        self.assertEqual(made.returncode, 0, made.stderr + made.stdout)
        self.assertGreater(self.names()[-1], time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now + 2)))
        self.assertTrue((self.backups / first / "sums").exists())

    def test_the_newest_are_kept_and_drilled(self):
        self.dumped()
        for year in (2019, 2020):
            (self.backups / f"{year}0101T000000Z").mkdir()
        self.assertEqual(self.script("backup").returncode, 0)
        self.assertEqual(len(self.names()), 2)
        self.assertNotIn("20190101T000000Z", self.names())
        listed = self.script("list").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in listed], self.names())
        self.assertRegex(json.dumps(listed), r"\d+ bytes, [1-9]\d* rows")


if __name__ == "__main__":
    unittest.main()
