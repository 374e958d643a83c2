"""What the handlers cost behind nginx, beside Postgres alone reading the same bytes."""

import base64
import os
import shutil
import statistics
import subprocess
from pathlib import Path

import harness
from figures import Figure

SECONDS, ROUNDS, CLIENTS, CROWD = 3, 5, 8, 512
HERE = Path(__file__).resolve().parent
EXPRESS = harness.ROOT / ".build/vendor/express"
BIG, SMALL = "bench-big", "bench-small"


def fill(ground):
    """A product of 2.85 MB, as 600 samples of a busy market make it, and one whose image is 80 kB. What the bytes say does not matter here."""
    def image(size):
        return base64.b64encode(os.urandom(size)).decode()

    for product, size in ((BIG, 2_850_000 // 4 * 3 // 4), (SMALL, 80_000)):
        ground.psql(
            f"INSERT INTO crypto_gaf.gafs (product, max_size) VALUES ('{product}', 600);"
            f"UPDATE crypto_gaf.gafs SET size = 600, midpoint = 60000.5, midpoint_images = ARRAY['{image(size)}', '{image(size)}'],"
            f" orderbook_image = '{image(size)}', buy_image = '{image(size)}', sell_image = '{image(size)}' WHERE product = '{product}'")


def in_turn(*measures):
    """Runs each for a few seconds, over and over in turn, so that whatever else the machine does meets all of them; the medians."""
    rounds = [[measure() for measure in measures] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds)]


class Load:
    """wrk on one address, counting the errors of all rounds."""

    def __init__(self, url, *headers):
        self.url, self.headers, self.errors = url, headers, 0

    def __call__(self):
        rate, _, errors = harness.wrk(self.url, CLIENTS, SECONDS, *self.headers)
        self.errors += errors
        return rate


def postgres_alone(ground, sql, mode):
    return lambda: harness.pgbench(ground, sql, CLIENTS, SECONDS, mode)


def beside_postgres(ground, what, url, sql, at_least):
    """Postgres alone is asked in both ways that pgbench has, since they differ by more than a fifth."""
    load, modes = Load(url), ("simple", "prepared")
    ours, *alone = in_turn(load, *(postgres_alone(ground, sql, mode) for mode in modes))
    for mode, reference in zip(modes, alone):
        yield Figure(what, ours, "requests/s", reference, f"pgbench -M {mode}, the same bytes", at_least=at_least, errors=load.errors)


def beside_express(ground):
    """The predecessor's API: the same row through Express and pg."""
    what = "/api/gaf/image of 2.85 MB, 8 clients"
    fetched = subprocess.run([HERE / "express/fetch", EXPRESS], text=True, capture_output=True)
    if fetched.returncode:
        ours = harness.wrk(ground.url(f"/api/gaf/image?product={BIG}"), CLIENTS, SECONDS)[0]
        yield Figure(what, ours, "requests/s", 31, "Express + pg, measured earlier on 2 such cores", at_least=5,
                     note=f"Express cannot run here: {(fetched.stderr.strip().splitlines() or ['?'])[-1]}")
        return
    port = harness.free_port()
    node = ground.start([shutil.which("node") or "node", HERE / "express/server.js"], "api", NODE_PATH=EXPRESS / "usr/share/nodejs", PORT=port)
    express = Load(f"http://127.0.0.1:{port}/api/gaf/image?product={BIG}")
    harness.wait_until_it_answers(express.url)
    ours = Load(ground.url(f"/api/gaf/image?product={BIG}"))
    rate, reference = in_turn(ours, express)
    yield Figure(what, rate, "requests/s", reference, "Express + pg", at_least=5, errors=ours.errors)
    yield Figure("memory of Node under the same", harness.peak_memory(node), "MiB")
    ground.stop(node, harness.signal.SIGTERM)


def measure(ground):
    fill(ground)
    serve = ground.serve("--threads", "16")
    ground.nginx()
    png = ground.url(f"/api/gaf/image.png?product={SMALL}&kind=orderbook")

    sql = f"SELECT orderbook_image FROM crypto_gaf.gafs WHERE product = '{SMALL}'"
    yield from beside_postgres(ground, "image.png of 80 kB, 8 clients", png, sql, 0.85)

    unchanged = Load(png, f"If-None-Match: {ground.etag(png)}")
    ours, constant = in_turn(unchanged, Load(ground.url("/healthz/")))
    yield Figure("image.png, 304 by ETag, 8 clients", ours, "requests/s", constant, "a constant FastCGI response", at_least=0.4, errors=unchanged.errors)

    for name, url in (("/api/gaf/products", ground.url("/api/gaf/products")), ("image.png", png)):
        rate, p99, errors = harness.wrk(url, CROWD, 30)
        yield Figure(f"{name}, 512 clients for 30 s", rate, "requests/s", errors=errors)
        yield Figure(f"{name}, 512 clients: p99", p99 * 1000, "ms", 5 * CROWD / rate * 1000, "5 × 512 / throughput", at_most=1)
    yield Figure("memory of serve, 16 threads, after image.png", harness.peak_memory(serve), "MiB", below=48)

    ground.stop(serve, harness.signal.SIGTERM)
    serve = ground.serve("--threads", "16")
    yield Figure("serve: start to first answer", ground.wait_for("/readyz") * 1000, "ms", below=150)
    sql = f"SELECT midpoint, size, orderbook_image, buy_image, sell_image, midpoint_images[2] FROM crypto_gaf.gafs WHERE product = '{BIG}'"
    yield from beside_postgres(ground, "/api/gaf/image of 2.85 MB, 8 clients", ground.url(f"/api/gaf/image?product={BIG}"), sql, 0.55)
    yield from beside_express(ground)
    harness.wrk(ground.url(f"/api/gaf/image?product={BIG}"), CROWD, 10)
    yield Figure("memory of serve, 16 threads, after /api/gaf/image", harness.peak_memory(serve), "MiB", below=96)
    ground.stop(serve, harness.signal.SIGTERM)
