"""What of the caller's environment, and of who the caller is, the local stack takes."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("CRYPTOGAF", str(ROOT / ".build/debug/cryptogaf"))
# No account of any system has it.
NAMELESS = 3_000_000_017
SECRETS = {"DATABASE_URL": "postgres://u:pw@db/x", "SENTRY_URL": "https://key@sentry", "REDIS_URL": "redis://:pw@r", "SLACK_EXCHANGE_URL": "https://s/k",
           "LAKE_URL": "s3://u:pw@x", "HOLIDAYS": "7", "VACATION_DAYS": "30", "PGPASSWORD": "pw", "S3_SECRET_KEY": "pw"}


class EnvironmentTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cryptogaf-env.")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def local(self, code, *before, **environment):
        """What Python prints that has the stack's modules at hand, for a run of its own."""
        run = self.folder / "run"
        shared = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / ".dev/local"), "PYTHONDONTWRITEBYTECODE": "1", "RUN_FOLDER": str(run)}
        done = subprocess.run([*before, sys.executable, "-c", code], env=shared | environment, text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_only_the_programs_own_variables_pass(self):
        meant = {"SLEEP_INTERVAL": "2", "FACT_DAYS": "8", "RAW_MAX_BYTES": "1", "OKX_URL": "http://o", "GATEIO_RATE_LIMIT": "3",
                 "COINBASE_EXCHANGE_URL": "http://c", "COINBASE_RATE_LIMIT": "4"}
        code = ("import json, pathlib, stack\nfrom settings import Settings\nfrom account import RUN\nRUN.mkdir()\nstack.KEPT.write_text('')\n"
                "stack.KEPT.chmod(0o644)\ns = stack.Stack(Settings(), print)\ns._keep_environment()\n"
                "print(json.dumps([json.loads(stack.KEPT.read_text()), stack.KEPT.stat().st_mode & 0o777]))")
        kept, mode = json.loads(self.local(code, MARKET="synthetic", **SECRETS, **meant))
        self.assertEqual(mode, 0o600)
        self.assertLessEqual(meant.items(), kept.items())
        self.assertEqual(kept.keys() - meant.keys(), {"SQL_DIR", "LAKE_URL", "COINBASE_URL", "PGHOST", "PGPORT", "PGDATABASE"})
        self.assertFalse(set(kept.values()) & set(SECRETS.values()))

    def test_what_is_set_for_one_command_counts_before_what_the_run_was_started_with(self):
        code = ("import json, stack\nfrom account import RUN\nRUN.mkdir()\nstack.KEPT.write_text(json.dumps({'FACT_DAYS': '8', 'LAKE_URL': 'file:///l'}))\n"
                "print(*(stack.environment('worker').get(name) for name in ('FACT_DAYS', 'LAKE_URL', 'RAW_DAYS', 'HOLIDAYS')))")
        self.assertEqual(self.local(code), "8 file:///l None None")
        self.assertEqual(self.local(code.replace("mkdir()", "mkdir(exist_ok=True)"), FACT_DAYS="9", RAW_DAYS="", **SECRETS), "9 file:///l None None")

    def test_the_venues_whose_variables_pass_are_those_of_the_program(self):
        nowhere = {"PGHOST": "/nowhere", "PGUSER": "nobody", "PGDATABASE": "none"}
        told = subprocess.run([PROGRAM, "symbols", "track", "nowhere:BTC-USD"], env=nowhere, text=True, capture_output=True, timeout=30)
        names = re.search(r"there are ([a-z, ]+)", told.stderr)[1].split(", ")
        self.assertEqual(sorted(name.upper() for name in names), sorted(self.local("import stack; print(*stack.VENUES)").split()))

    @unittest.skipUnless(os.geteuid() == 0, "skipped: only root can become a user without a name")
    def test_a_user_without_a_name_keeps_his_folder_of_sockets(self):
        os.chown(self.folder, NAMELESS, NAMELESS)
        become = ["setpriv", f"--reuid={NAMELESS}", f"--regid={NAMELESS}", "--clear-groups", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        code = "import account, sockets\naccount.RUN.mkdir(parents=True, exist_ok=True)\nfound = sockets.folder()\nprint(found, sockets.folder())"
        deep = {"RUN_FOLDER": str(self.folder / ("long/" * 20) / "run"), "HOME": str(self.folder)}
        first, again = self.local(code, *become, **deep).split()
        self.addCleanup(os.rmdir, first)
        self.assertEqual(first, again)
        self.assertEqual(self.local(code, *become, **deep).split(), [first, first])


if __name__ == "__main__":
    unittest.main()
