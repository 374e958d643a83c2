"""What may be set for `make run`, from the environment; an empty variable counts as not set."""

import hashlib
import os
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path

import account
from account import ROOT

PORTS = {"PORT": 8080, "VENUE_PORT": 4201, "OLD_API_PORT": 4202, "DATABASE_PORT": 4203}
# With a bucket width that suits the price.
LIVE_PRODUCTS = (("coinbase:BTC-USD", "10"), ("coinbase:ETH-USD", "1"), ("coinbase:SOL-USD", "0.1"), ("coinbase:LTC-USD", "0.1"))
# What the ingest jobs fetch of a live market until somebody says otherwise.
TRACKED = tuple(symbol for symbol, _ in LIVE_PRODUCTS)
LIVE_VENUE = "https://api.exchange.coinbase.com"


class SettingError(Exception):
    """Everything that is wrong with what was set, one line each."""


class Settings:
    def __init__(self):
        problems = []
        if not re.fullmatch(r"[\w./+@~-]+", str(ROOT)):
            problems.append(f"the checkout is at {ROOT}; nginx and the supervisor need a path without spaces and quotes")
        self.ports = {name: self._number(name, default, 1, 65535, problems) for name, default in PORTS.items()}
        if len(set(self.ports.values())) < len(self.ports):
            problems.append("two ports are the same: " + " ".join(f"{name}={port}" for name, port in self.ports.items()))
        self.seed = self._number("SEED", 1, 0, 2**63 - 1, problems)
        self.speed = os.environ.get("SPEED") or "1"
        self.market = os.environ.get("MARKET") or "auto"
        if self.market not in ("auto", "live", "synthetic"):
            problems.append(f"MARKET is {self.market}; it can be auto, live or synthetic")
        self.capture = Path(os.environ["CAPTURE"]).resolve() if os.environ.get("CAPTURE") else None
        if self.capture and not ((self.capture.is_file() or self.capture.is_dir()) and os.access(self.capture, os.R_OK)):
            problems.append(f"CAPTURE is {self.capture}, which is neither a file nor a folder that can be read")
        elif self.capture:
            account.needed.append(self.capture)
        if problems:
            raise SettingError("\n".join(problems))

    @staticmethod
    def _number(name, default, least, most, problems):
        text = os.environ.get(name) or str(default)
        if text.isdecimal() and least <= int(text) <= most:
            return int(text)
        problems.append(f"{name} is {text}; it must be a number from {least} to {most}")
        return default

    def check_ports(self):
        for name, port in self.ports.items():
            with socket.socket() as probe:
                # As the servers do: a port that only lingers after a stop is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except PermissionError:
                    raise SettingError(f"port {port} needs root; choose one above 1023: make run {name}=8080") from None
                except OSError:
                    raise SettingError(f"port {port} is in use; choose another: make run {name}={port + 1}") from None

    def decide_market(self):
        """live, synthetic or replay. The live venue is taken if it answers within three seconds."""
        if self.capture:
            self.market = "replay"
        elif self.market == "auto":
            self.market = "live" if reachable(f"{os.environ.get('COINBASE_EXCHANGE_URL') or LIVE_VENUE}/products/BTC-USD/ticker") else "synthetic"

    @property
    def database(self):
        """Markets of different kinds do not mix: each has its database in the cluster."""
        if self.market == "live":
            return "cryptogaf"
        if self.market == "synthetic":
            return f"cryptogaf_synthetic_{self.seed}"
        return "cryptogaf_replay_" + hashlib.sha256(str(self.capture).encode()).hexdigest()[:8]

    @property
    def source(self):
        """The options of `cryptogaf exchange`; empty for a live market."""
        return {
            "live": [],
            "synthetic": ["--synthetic", str(self.seed)],
            "replay": ["--capture", str(self.capture), "--speed", self.speed, "--loop"],
        }[self.market]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['PORT']}/"


def reachable(url):
    request = urllib.request.Request(url, headers={"User-Agent": "cryptogaf"})
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError, ValueError):
        return False


PROGRAM = Path(os.environ.get("CRYPTOGAF") or ROOT / ".build/release/cryptogaf")
