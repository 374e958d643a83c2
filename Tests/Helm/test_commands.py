"""The program takes every command line and every variable that the chart gives it."""

import os
import re
import signal
import socket
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

from chart import CASES, ROOT, Refusal, containers, find, merged, of_kind, pod_template, pods, render, rendered
from program import knows, program, variables

sys.path.insert(0, str(ROOT / ".dev/local"))
import jobs  # noqa: E402  (the list that `make run` gives to cron)

REFUSED = {64: "usage", 78: "environment"}


def programs(case):
    """(where, command, variables by name) of every container, and every probe, that runs the program."""
    objects = rendered(case)
    for one, _, spec in pods(objects):
        for container in containers(spec):
            if container.get("command", [""])[0] != "cryptogaf":
                continue
            shared = {}
            for source in container.get("envFrom", []):
                shared |= find(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
            own = {variable["name"]: variable.get("value", "from a secret") for variable in container.get("env", [])}
            yield f"{one}: {container['name']}", container["command"], shared | own
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if "exec" in container.get(probe, {}):
                    yield f"{one}: {probe}", container[probe]["exec"]["command"], shared | own


def exit_code(command, environment):
    """How the command ends against a database that is not there; what goes on trying is told to stop."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    words = [f"127.0.0.1:{free}" if word.startswith("0.0.0.0:") else word for word in command[1:]]
    nowhere = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "1"} if "POSTGRES_HOST" in environment else {}
    process = subprocess.Popen([program(), *words], env={"PATH": os.environ["PATH"]} | environment | nowhere, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(1.5)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        return process.wait(60)


def rehearses_itself(job):
    done = subprocess.run([program(), "job", job, "--help"], capture_output=True, text=True, timeout=30)
    return "--dry-run" in done.stdout and "connect to nothing" not in done.stdout


class Commands(unittest.TestCase):
    def test_the_chart_knows_the_venues_that_collect_reads(self):
        environment = {"POSTGRES_HOST": "/nowhere", "POSTGRES_USER": "u", "POSTGRES_DB": "d", "LOG_FORMAT": "text"}
        done = subprocess.run([program(), "product", "add", "nope:X"], env=environment, capture_output=True, text=True, timeout=30)
        with self.assertRaises(Refusal) as caught:
            render(merged("minimal", {"products": [{"name": "nope:X"}]}))
        venues = re.search("it reads (.*)", str(caught.exception)).group(1)
        self.assertIn(f"there are: {venues}", done.stderr)

    def test_every_variable_is_one_that_the_program_reads(self):
        known = variables()
        for case in CASES:
            for where, _, environment in programs(case):
                self.assertEqual([name for name in environment if not known.fullmatch(name)], [], f"{case}: {where}")

    def test_a_variable_that_the_program_does_not_read_is_found(self):
        self.assertIsNone(variables().fullmatch("SLEEP_INTERVALL"))
        self.assertIsNotNone(variables().fullmatch("SLEEP_INTERVAL"))

    @unittest.skipUnless(program(), "no program was built")
    def test_every_command_line_is_one_that_the_program_takes(self):
        different = {(*command, *sorted(environment.items())): (where, command, environment)
                     for case in CASES for where, command, environment in programs(case)}
        with ThreadPoolExecutor(8) as pool:
            ended = pool.map(lambda one: exit_code(one[1], one[2]), different.values())
        for (where, command, _), code in zip(different.values(), ended):
            self.assertNotIn(code, REFUSED, f"{where}: {' '.join(command)} is refused")
        self.assertGreater(len(different), 5)

    @unittest.skipUnless(program(), "no program was built")
    def test_a_command_line_with_a_fault_is_found(self):
        environment = next(environment for _, command, environment in programs("minimal") if "calculate" in command)
        self.assertEqual(exit_code(["cryptogaf", "calculate", "--for", "often"], environment), 64)
        self.assertEqual(exit_code(["cryptogaf", "calculate", "--once"], environment | {"LOG_LEVEL": "loud"}), 78)

    @unittest.skipUnless(program(), "no program was built")
    def test_the_program_has_every_command_and_option_that_the_chart_uses(self):
        missing = {" ".join([word for index, word in enumerate(command[1:]) if index == 0 or word.startswith("--")])
                   for case in CASES for _, command, _ in programs(case) if not knows(command[1:])}
        self.assertEqual(missing, set())

    @unittest.skipUnless(program(), "no program was built")
    def test_every_cron_job_can_be_rehearsed_with_its_own_variables(self):
        # Those that look further when they rehearse ask for Postgres, which is not there.
        further = {job["name"] for job in jobs.read_all() if rehearses_itself(job["name"])}
        for case in CASES:
            for where, command, environment in programs(case):
                if where.startswith("CronJob"):
                    code = exit_code([*command, "--dry-run"], environment)
                    self.assertEqual(code, 69 if command[-1] in further else 0, f"{case}: {where}: {' '.join(command)} --dry-run")
                    self.assertEqual(exit_code([*command, "--dry-run", "--no-such-option"], environment), 64)


class Jobs(unittest.TestCase):
    def test_there_is_a_cron_job_for_every_file_that_says_what_the_file_says(self):
        for case in ("bundled", "cnpg", "external"):
            made = {one.name.removeprefix("gaf-cryptogaf-"): one["spec"] for one in of_kind(rendered(case), "CronJob")
                    if pod_template(one)[1]["containers"][0]["command"][0] == "cryptogaf"}
            lake = CASES[case].get("lake", {}).get("mode", "none") != "none"
            listed = {job["name"]: job for job in jobs.read_all() if lake or "lake" not in job.get("needs", [])}
            self.assertEqual(set(made), set(listed))
            for name, job in listed.items():
                spec = made[name]
                container = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
                self.assertEqual(
                    (spec["schedule"], spec["concurrencyPolicy"], spec["timeZone"], spec["jobTemplate"]["spec"]["activeDeadlineSeconds"]),
                    (job["schedule"], job["overlap"].capitalize(), "Etc/UTC", int(job["deadline"])))
                self.assertEqual(container["command"], ["cryptogaf", *job["arguments"]])
                self.assertEqual(container["resources"]["requests"], job["resources"])

    def test_a_job_says_that_it_needs_what_the_program_requires_for_it(self):
        entries = "\n".join(path.read_text() for path in sorted((ROOT / "Sources/cryptogaf/Entries").glob("*.swift")))
        in_lake = {found[1] for found in re.finditer(r'name: "([a-z-]+)"(?:(?!JobEntry\().)*?requires: \[\.lake\]', entries, re.S)}
        self.assertGreater(len(in_lake), 3)
        for job in jobs.read_all():
            needs = set(job.get("needs", []))
            self.assertEqual("lake" in needs, job["name"] in in_lake, job["name"])
            self.assertEqual("venues" in needs, job["name"].startswith("ingest-") or job["name"] == "fill-gaps", job["name"])


if __name__ == "__main__":
    unittest.main()
