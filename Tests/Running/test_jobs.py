"""The job list: what is refused, that yacron takes it, and that the program understands every job's arguments."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".dev/local"))

import jobs

PROGRAM = os.environ.get("CRYPTOGAF", str(ROOT / ".build/debug/cryptogaf"))
CONFIGURATION_MISSING = 78
GOOD = """\
name: sweep
schedule: "5 * * * *"
overlap: forbid
arguments:
  - job
  - sweep
deadline: 60
resources:
  cpu: 100m
  memory: 64Mi
"""


class JobTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def read(self, text, name="sweep.yaml"):
        (self.folder / name).write_text(text)
        return jobs.read_all(self.folder)

    def refused(self, text, name="sweep.yaml"):
        with self.assertRaises(jobs.JobError) as caught:
            self.read(text, name)
        return str(caught.exception)

    def test_a_job_is_read_as_it_stands(self):
        self.assertEqual(self.read(GOOD), [{
            "name": "sweep", "schedule": "5 * * * *", "overlap": "forbid", "arguments": ["job", "sweep"], "deadline": 60,
            "resources": {"cpu": "100m", "memory": "64Mi"}}])

    def test_what_is_wrong_is_refused_with_its_file_named(self):
        for old, new in (("5 * * * *", "5 * * *"), ("overlap: forbid", "overlap: perhaps"), ("deadline: 60", "deadline: soon"),
                         ("deadline: 60", "deadline: 0"), ("memory: 64Mi", "memory: lots"), ("name: sweep", "name: Sweep up"),
                         ("deadline: 60\n", ""), ("deadline: 60", "deadline: 60\nretries: 3"), ("arguments:\n  - job\n  - sweep", "arguments: [job]")):
            with self.subTest(new):
                self.assertIn("sweep.yaml", self.refused(GOOD.replace(old, new)))
        self.assertIn("the file must be sweep.yaml", self.refused(GOOD, "other.yaml"))

    def test_yacron_takes_the_list_with_its_overlap_deadline_and_arguments(self):
        path = self.folder / "yacron.conf"
        listed = self.read(GOOD.replace("- sweep", '- "a \\"b\\" c"')) + jobs.read_all()
        path.write_text(jobs.yacron(listed, "/path to/cryptogaf", self.folder / "control"))
        from yacron.config import parse_config
        parsed = {job.name: job for job in parse_config(str(path)).jobs}
        self.assertEqual(parsed.keys(), {job["name"] for job in listed})
        self.assertEqual(parsed["sweep"].command, ["/path to/cryptogaf", "job", 'a "b" c'])
        self.assertEqual((parsed["sweep"].concurrencyPolicy, parsed["sweep"].executionTimeout), ("Forbid", 60))
        self.assertEqual(parsed["calculate"].concurrencyPolicy, "Allow")

    def test_the_program_understands_every_jobs_arguments(self):
        for job in jobs.read_all():
            # Without a database it gets as far as its configuration, and no further.
            done = subprocess.run([PROGRAM, *job["arguments"]], env={"PATH": "/usr/bin:/bin"}, text=True, capture_output=True, timeout=30)
            self.assertEqual(done.returncode, CONFIGURATION_MISSING, done.stderr)


if __name__ == "__main__":
    unittest.main()
