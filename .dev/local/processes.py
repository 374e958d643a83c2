"""Keeps hold of what was started: nothing outlives this process, even if it or the supervisor is killed."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


class Stopped(Exception):
    """Somebody asked us to stop: Ctrl-C, SIGTERM, or the terminal was closed."""


def adopt_orphans():
    """Children whose parent dies become ours, so that we can end them."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def stop_on_signals():
    def stop(*_):
        raise Stopped
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def ignore_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def start_tied(command, **options):
    """Starts a process that gets SIGTERM when we die, whatever kills us."""
    tie = ["setpriv", "--pdeathsig", "TERM"]
    command = tie + command[1:] if command[0] == "setpriv" else [*tie, "--", *command]
    return subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL, **options)


def children():
    """Process ids whose parent is us."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command's name stands in brackets and may hold anything.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z":
            found.append(int(stat.parent.name))
    return found


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def end_orphans(parent, told):
    """Asks what a killed process left behind to end: an nginx worker would keep the port from the next nginx."""
    for child in children():
        if child != parent and child not in told:
            told.add(child)
            try:
                os.kill(child, signal.SIGTERM)
            except ProcessLookupError:
                pass
    reap()


def end_children(seconds):
    """Interrupts whatever is left, generation by generation, and kills what does not end in time."""
    deadline = time.monotonic() + seconds
    told = set()
    while left := children():
        for child in left:
            late = time.monotonic() > deadline
            if late or child not in told:
                try:
                    os.kill(child, signal.SIGKILL if late else signal.SIGINT)
                except ProcessLookupError:
                    pass
                told.add(child)
        time.sleep(0.05)
        reap()
    reap()
