"""nginx's configuration, from the one template that the cluster uses too."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import account
from account import ROOT

TEMPLATE = ROOT / "nginx/nginx.conf.template"
VIEWER = ROOT / ".build/vendor/swagger-ui"


class NginxError(Exception):
    """What stands in the way of nginx."""


def program():
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise NginxError("nginx is not installed: .dev/setup")
    return found


def allowed_origins():
    """The user's choice, as the handlers get it; nothing else may slip into the configuration with it."""
    origins = os.environ.get("ALLOW_ORIGIN") or "*"
    if not re.fullmatch(r"[A-Za-z0-9:/.*\[\], -]*", origins):
        raise NginxError(f"ALLOW_ORIGIN is * or a list of origins such as https://charts.example (got {origins!r})")
    return origins


def variables(ports, sockets, log="/dev/stdout"):
    """What the template asks for; everything listens on this machine only."""
    return {
        "LISTEN": f"127.0.0.1:{ports['PORT']}",
        "API_LISTEN": f"127.0.0.1:{ports['OLD_API_PORT']}",
        "VENUE_LISTEN": f"127.0.0.1:{ports['VENUE_PORT']}",
        "SERVE": f"unix:{sockets}/serve",
        "EXCHANGE": f"unix:{sockets}/exchange",
        "KEEP_CONNECTIONS": "on",
        "SITE": TEMPLATE.parent / "site/*.conf",
        "NGINX_DIR": TEMPLATE.parent,
        "SWAGGER_UI": VIEWER,
        "ACCESS_LOG": log,
        "WORKERS": "auto",
        "CLIENT_RATE": 200,
        "CLIENT_CONNECTIONS": 200,
        "UNLIMITED": "127.0.0.0/8 0; ::1 0;",
        "ALLOW_ORIGIN": allowed_origins(),
    }


def render(run, variables):
    """Fills the template's variables, and only those: nginx has variables of its own."""
    folder = Path(run) / "nginx"
    folder.mkdir(mode=0o700, exist_ok=True)
    account.give(folder)
    names = " ".join(f"${{{name}}}" for name in variables)
    done = subprocess.run(["envsubst", names], input=TEMPLATE.read_text(), env={k: str(v) for k, v in variables.items()} | {"PATH": os.environ["PATH"]},
                          text=True, capture_output=True)
    if done.returncode:
        raise NginxError(f"envsubst: {done.stderr.strip()}")
    (folder / "nginx.conf").write_text(done.stdout)
    account.give(folder / "nginx.conf")


def command(run):
    """nginx in the foreground; what it says before it has read its configuration goes to standard error too."""
    folder = Path(run) / "nginx"
    return [program(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", "daemon off;"]
