"""The images' file trees, assembled as the Dockerfiles do, and command lines that run in them as containers do."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from chart import ROOT

IMAGES = ROOT / "helm/images"
VIEWER = ROOT / ".build/vendor/swagger-ui"
BWRAP = shutil.which("bwrap")
USER = "10001"


def assemble(test, name, *operands):
    """The tree of an image; gone with the test."""
    folder = Path(tempfile.mkdtemp(prefix="cryptogaf-image-"))
    folder.chmod(0o755)
    (test.addClassCleanup if isinstance(test, type) else test.addCleanup)(shutil.rmtree, folder, ignore_errors=True)
    done = subprocess.run([IMAGES / "assemble", name, folder, *operands], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr)
    return folder


def inside(tree, *command, writable=(), readable=(), variables=None, first=False):
    """A command line that runs in the tree: as the image's user, without capabilities, the root read-only; only the network is shared.
    `readable` and `writable` are (path, place in the tree); `first`: the command gets signals as a container's first process does."""
    words = [BWRAP, "--ro-bind", tree, "/", "--proc", "/proc", "--dev", "/dev", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--uid", USER,
             "--gid", USER, "--cap-drop", "ALL", "--die-with-parent", "--clearenv", "--setenv", "PATH", "/usr/bin"]
    words += ["--as-pid-1"] if first else []
    for name, value in (variables or {}).items():
        words += ["--setenv", name, str(value)]
    for path, place in readable:
        words += ["--ro-bind", path, place]
    for path, place in writable:
        words += ["--bind", path, place]
    return [str(word) for word in (*words, "--", *command)]


def runs_here():
    return BWRAP and subprocess.run([BWRAP, "--ro-bind", "/", "/", "--unshare-user", "true"], capture_output=True).returncode == 0
