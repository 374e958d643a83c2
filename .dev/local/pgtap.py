"""Runs sql/tests/*.sql against a throw-away cluster that `cryptogaf migrate` has set up. Usage: pgtap.py PROGRAM"""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import account
from cluster import Cluster, ClusterError

TESTS = account.ROOT / "sql" / "tests"
DATABASE = "cryptogaf"
# Data that is thrown away need not survive a crash.
HASTY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "log_min_messages=fatal")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_file(cluster, path):
    """TAP of one file → (passed, failed, skipped), printing what is not ok."""
    environment = account.environment(**cluster.environment("postgres", DATABASE))
    done = subprocess.run(
        account.prefix() + ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=path.read_text(), env=environment, text=True,
        capture_output=True, cwd="/")
    lines = done.stdout.splitlines()
    skipped = sum(line.startswith("ok") and "# skip" in line.lower() for line in lines)
    passed = sum(line.startswith("ok") for line in lines) - skipped
    failed = sum(line.startswith("not ok") for line in lines)
    if done.returncode or any(line.startswith("# Looks like") for line in lines) or passed + failed + skipped == 0:
        failed += 1
    print(f"{path.name}: {passed} passed, {failed} failed, {skipped} skipped")
    if failed:
        print("\n".join([line for line in lines if not line.startswith("ok")] + [done.stderr.strip()]))
    return passed, failed, skipped


def main(program):
    folder = Path(tempfile.mkdtemp(prefix="cryptogaf-pgtap."))
    account.give(folder)
    cluster = Cluster(folder, free_port())
    server = None
    try:
        cluster.create()
        server = subprocess.Popen(account.prefix() + cluster.command(*HASTY), env=account.environment(), cwd="/")
        cluster.wait(30, lambda: server.poll() is None)
        cluster.add_users()
        cluster.add_database(DATABASE)
        migrate = subprocess.run(
            account.prefix() + [program, "migrate"], cwd=account.ROOT,
            env=account.environment(**cluster.environment("owner", DATABASE), SQL_DIR=account.ROOT / "sql"))
        if migrate.returncode:
            raise ClusterError("cryptogaf migrate failed")
        cluster.psql("CREATE EXTENSION IF NOT EXISTS pgtap;", database=DATABASE)
        totals = [run_file(cluster, path) for path in sorted(TESTS.glob("*.sql"))]
    except ClusterError as error:
        print(error)
        totals = [(0, 1, 0)]
    finally:
        if server:
            server.send_signal(signal.SIGINT)
            server.wait()
        shutil.rmtree(folder)
    passed, failed, skipped = (sum(column) for column in zip(*totals))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
