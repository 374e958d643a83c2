"""Who runs the servers: the user who asks, or, as Postgres refuses root, the account `postgres` when that user is root."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Tests run a stack of their own beside the user's.
RUN = Path(os.environ.get("RUN_FOLDER") or ROOT / ".run")


def owner(path):
    """A user's name, or number: a container may run as one that has no name."""
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)


def _service():
    """Who owns what earlier runs left; `postgres` at first."""
    found = owner(RUN) if RUN.exists() else "root"
    return "postgres" if found == "root" or found.isdecimal() else found


SERVICE = _service()
# What the servers must be able to read.
needed = [ROOT / ".build"]


def is_root():
    return os.geteuid() == 0


def _reaches(path):
    return subprocess.run([*_become(), "test", "-r", str(path)], check=False).returncode == 0


def _become():
    return ["setpriv", f"--reuid={SERVICE}", f"--regid={pwd.getpwnam(SERVICE).pw_gid}", "--init-groups"]


def prefix():
    """What to put before a command so that it runs as the servers' account."""
    if not is_root():
        return []
    command = _become()
    # What lies below root's home is closed to every other account: let the servers pass there.
    if not all(map(_reaches, needed)):
        command += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [*command, "--"]


def give(path):
    """Hands a file or folder of ours to the servers' account."""
    if is_root():
        shutil.chown(path, SERVICE, pwd.getpwnam(SERVICE).pw_gid)


def write_secret(path, text):
    """A file that only the servers' account may read, whoever could read it before."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    give(path)


def environment(**more):
    """What a server may see of the caller's environment; nothing that leads it to another database or home."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TZ", "TERM")}
    kept["PATH"] = kept.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    return kept | {name: str(value) for name, value in more.items()}
