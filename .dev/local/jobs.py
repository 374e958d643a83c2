"""The job list: one YAML file per job in cronjobs/. Checks it, or writes it out for yacron.

Usage: jobs.py [--yacron PROGRAM CONTROL_SOCKET | --arguments NAME]
"""

import json
import re
import sys
from pathlib import Path

import strictyaml
from crontab import CronTab
from strictyaml import Enum, Int, Map, Optional, Regex, Seq, Str, UniqueSeq

FOLDER = Path(__file__).resolve().parents[2] / "cronjobs"

SCHEMA = Map({
    "name": Regex(r"[a-z][a-z0-9-]{0,50}"),
    "schedule": Str(),
    "overlap": Enum(["allow", "forbid"]),
    "arguments": Seq(Str()),
    "deadline": Int(),
    # What a job must reach beside the database; a cluster lets it through to nothing else.
    Optional("needs"): UniqueSeq(Enum(["venues", "lake"])),
    "resources": Map({"cpu": Regex(r"[0-9]+m|[0-9]+"), "memory": Regex(r"[0-9]+(Ki|Mi|Gi)")}),
})


class JobError(Exception):
    """A job file that cannot be used; says which and why."""


def read(path):
    try:
        job = strictyaml.load(path.read_text(), SCHEMA, label=str(path)).data
        CronTab(job["schedule"])
    except (strictyaml.YAMLError, ValueError) as error:
        raise JobError(f"{path}: {error}") from None
    if job["name"] != path.stem:
        raise JobError(f"{path}: the job is called {job['name']}; the file must be {job['name']}.yaml")
    if job["deadline"] <= 0:
        raise JobError(f"{path}: deadline is {job['deadline']}; it must be a positive number of seconds")
    return job


def read_all(folder=FOLDER):
    return [read(path) for path in sorted(folder.glob("*.yaml"))]


def yacron(jobs, program, control):
    """yacron's configuration, in the block style it insists on; `control` is the socket it takes orders on."""
    text = [f"web:\n  listen:\n    - unix://{control}\n"]
    if jobs:
        text.append("jobs:\n")
    for job in jobs:
        text.append(
            f"  - name: {job['name']}\n"
            f"    schedule: {json.dumps(job['schedule'])}\n"
            f"    utc: true\n"
            f"    concurrencyPolicy: {job['overlap'].capitalize()}\n"
            f"    executionTimeout: {job['deadline']}\n"
            f"    killTimeout: 20\n"
            # Straight into our log: what is captured is printed again when a job fails.
            f"    captureStderr: false\n"
            # Logs go to standard error; only the exit code tells a failure.
            f"    failsWhen:\n      producesStdout: false\n      producesStderr: false\n      nonzeroReturn: true\n"
            f"    command:\n")
        text += [f"      - {json.dumps(word)}\n" for word in [str(program), *job["arguments"]]]
    return "".join(text)


if __name__ == "__main__":
    try:
        jobs = read_all()
    except JobError as error:
        sys.exit(re.sub(r"\s*\n\s*", " ", str(error)))
    if sys.argv[1:2] == ["--yacron"]:
        sys.stdout.write(yacron(jobs, *sys.argv[2:]))
    elif sys.argv[1:2] == ["--arguments"]:
        print(json.dumps(next((job["arguments"] for job in jobs if job["name"] == sys.argv[2]), [])))
    else:
        print(f"job files are good: {', '.join(job['name'] for job in jobs)}")
