"""Raw objects, and S3: our store beside rclone itself, each on a fresh server of its own."""

import os
import shutil
import subprocess
import time

import account
import harness
import numerics
from figures import Figure

RCLONE = harness.ROOT / ".build/venv/bin/rclone"
KEY, SECRET = "AKIDBENCHBENCH", "secret/of+the/benchmark"
OBJECTS, BYTES, ROUNDS = 10_000, 20_000, 3


class Server:
    """`rclone serve s3` with the empty bucket `lake`."""

    def __init__(self, ground):
        self.ground = ground

    def __enter__(self):
        self.folder = self.ground.folder / "s3"
        (self.folder / "lake").mkdir(parents=True)
        account.give(self.folder)
        account.give(self.folder / "lake")
        port = harness.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = self.ground.start(
            [RCLONE, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}", self.folder], RCLONE_CONFIG="/dev/null")
        harness.wait_for_port(port, "rclone serve s3")
        return self

    def __exit__(self, *_):
        self.ground.stop(self.process)
        shutil.rmtree(self.folder)


def ours(ground):
    """Seconds of put and get, and the other figures."""
    with Server(ground) as server:
        environment = account.environment(S3_ENDPOINT=server.url, S3_ACCESS_KEY=KEY, S3_SECRET_KEY=SECRET)
        done = subprocess.run(
            account.prefix() + [harness.BENCH_PROGRAM, "lake", str(OBJECTS), str(BYTES)], env=environment, text=True, capture_output=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return numerics.lines(done.stdout)


def theirs(ground, files, transfers):
    """Seconds of rclone's copying there and back."""
    back = ground.folder / "back"
    remote = {"TYPE": "s3", "PROVIDER": "Rclone", "ENDPOINT": None, "ACCESS_KEY_ID": KEY, "SECRET_ACCESS_KEY": SECRET}
    with Server(ground) as server:
        settings = {f"RCLONE_CONFIG_SERVER_{name}": value or server.url for name, value in remote.items()}
        environment = account.environment(RCLONE_CONFIG="/dev/null", **settings)
        start = time.perf_counter()
        for source, target in ((files, "server:lake/theirs"), ("server:lake/theirs", back)):
            subprocess.run(
                account.prefix() + [str(word) for word in (RCLONE, "copy", "--transfers", transfers, "--checkers", transfers, source, target)],
                env=environment, check=True)
        seconds = time.perf_counter() - start
    copied = sum(len(names) for _, _, names in os.walk(back))
    shutil.rmtree(back)
    if copied != OBJECTS:
        raise RuntimeError(f"rclone brought {copied} of {OBJECTS} files back")
    return seconds


def write_files(folder):
    """The same keys as ours, as files."""
    for number in range(OBJECTS):
        path = folder / f"binance/BTC-USDT/klines/2024/03/{number % 19 + 10}/{number}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(BYTES))
    account.give(folder)


def measure(ground):
    files = ground.folder / "files"
    write_files(files)
    best, rclone = {}, {}
    for _ in range(ROUNDS):
        for name, (value, unit) in ours(ground).items():
            best[name] = min(best.get(name, (value, unit)), (value, unit))
        # Its default, and as many at once as ours.
        for transfers in (4, 32):
            seconds = theirs(ground, files, transfers)
            rclone[transfers] = min(rclone.get(transfers, seconds), seconds)
    transfers, seconds = min(rclone.items(), key=lambda item: item[1])
    total = best["lake_put"][0] + best["lake_get"][0]
    yield Figure(f"S3, put and get of {OBJECTS:,} objects of {BYTES // 1000} kB", total, "s", seconds, f"rclone copy, {transfers} transfers", at_least=0.7,
                 note=f"put {best['lake_put'][0]:.1f} s; the best of {ROUNDS} in turn")
    yield Figure("raw object of 1,000 candles: pack", *best["lake_encode"], below=1)
    yield Figure("raw object of 1,000 candles: unpack and verify", *best["lake_decode"], below=1)
