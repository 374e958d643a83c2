"""The program under test, and what its sources say of its environment."""

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

from chart import ROOT

# libpq reads these by itself. Source: https://www.postgresql.org/docs/15/libpq-envars.html
LIBPQ = {"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGOPTIONS", "PGAPPNAME",
         "PGCONNECT_TIMEOUT", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS"}


def program():
    """The binary that CRYPTOGAF names, else the newest build; None if there is none."""
    named = os.environ.get("CRYPTOGAF")
    built = [Path(named)] if named else [ROOT / f".build/{kind}/cryptogaf" for kind in ("debug", "release")]
    return max((path for path in built if path.exists()), key=lambda path: path.stat().st_mtime, default=None)


@lru_cache
def help_of(command):
    """What `cryptogaf command --help` says; empty for a command that is not there."""
    done = subprocess.run([program(), command, "--help"], capture_output=True, text=True, timeout=30)
    return done.stdout if done.returncode == 0 else ""


def knows(words):
    """Whether the command is there, with the options among the words."""
    text = help_of(words[0])
    return bool(text) and all(re.search(rf"{re.escape(word.split('=')[0])}\b", text) for word in words[1:] if word.startswith("--"))


def variables():
    """Names that the program's sources read, as patterns: a venue's own have its name in them."""
    sources = "\n".join(path.read_text() for path in sorted((ROOT / "Sources/cryptogaf").rglob("*.swift")))
    names = set(re.findall(r'reader\.\w+\(\s*"([A-Z][A-Z0-9_]*)"', sources)) | LIBPQ
    # Lists of names that are read in a loop.
    for names_in_a_row in re.findall(r'\[("[A-Z][A-Z0-9_]+"(?:, "[A-Z][A-Z0-9_]+")+)\]', sources):
        names |= set(re.findall(r'"([A-Z0-9_]+)"', names_in_a_row))
    # The one venue whose variable is not its name's.
    names |= set(re.findall(r'\? "([A-Z][A-Z0-9_]+)" : ', sources))
    venues = set(re.findall(r'\\\(venue\.name\.uppercased\(\)\)(_[A-Z_]+)"', sources))
    return re.compile("|".join(sorted(names) + [f"[A-Z0-9]+{ending}" for ending in sorted(venues)]))
