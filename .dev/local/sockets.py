"""Where the sockets lie: below .run, or, where that path is too long for a socket, in a private folder whose name .run keeps."""

import os
import shutil
import tempfile
from pathlib import Path

import account
from account import RUN

# A Unix socket's path has room for 108 bytes; Postgres adds a name of its own.
LONGEST_FOLDER = 80
NOTE = RUN / "sockets.path"


def folder():
    inside = RUN / "sockets"
    if len(str(inside)) <= LONGEST_FOLDER:
        return inside
    return _noted() or _made()


def remove():
    """Only a folder outside of .run needs it."""
    if outside := _noted():
        shutil.rmtree(outside, ignore_errors=True)


def _noted():
    """The folder of an earlier run, if it is still there and nobody else's."""
    path = Path(NOTE.read_text().strip()) if NOTE.exists() else None
    if not path or not path.is_dir() or path.is_symlink():
        return None
    return path if path.stat().st_uid == os.geteuid() or account.owner(path) == account.SERVICE else None


def _made():
    path = Path(tempfile.mkdtemp(prefix="cryptogaf-", dir="/tmp"))
    account.give(path)
    NOTE.write_text(f"{path}\n")
    return path
