"""What the handlers cost behind nginx, beside Postgres alone reading the same bytes."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import harness
from figures import Figure

SECONDS, CLIENTS, CROWD = 6, 8, 512
HERE = Path(__file__).resolve().parent
EXPRESS = harness.ROOT / ".build/vendor/express"
BIG, SMALL = "bench-big", "bench-small"


def fill(ground):
    """A product of 2.85 MB, as 600 samples of a busy market make it, and one whose image is 80 kB. What the bytes say does not matter here."""
    def image(size):
        return base64.b64encode(os.urandom(size * 3 // 4)).decode()

    for product, size in ((BIG, 2_850_000 // 4), (SMALL, 80_000)):
        ground.psql(
            f"INSERT INTO crypto_gaf.gafs (product, max_size) VALUES ('{product}', 600);"
            f"UPDATE crypto_gaf.gafs SET size = 600, midpoint = 60000.5, midpoint_images = ARRAY['{image(size)}', '{image(size)}'],"
            f" orderbook_image = '{image(size)}', buy_image = '{image(size)}', sell_image = '{image(size)}' WHERE product = '{product}'")


def alone_reading(ground, sql):
    """Both ways in which Postgres alone may be asked, since they differ by more than a fifth."""
    for mode in ("simple", "prepared"):
        yield mode, harness.pgbench(ground, sql, CLIENTS, SECONDS, mode)


def beside_express(ground, ours):
    """The predecessor's API: the same row through Express and pg."""
    what = "/api/gaf/image of 2.85 MB, 8 clients"
    fetched = subprocess.run([HERE / "express/fetch", EXPRESS], text=True, capture_output=True)
    if fetched.returncode:
        yield Figure(what, ours, "requests/s", 31, "Express + pg, measured earlier on 2 such cores", at_least=5,
                     note=f"Express cannot run here: {(fetched.stderr.strip().splitlines() or ['?'])[-1]}")
        return
    port = harness.free_port()
    node = ground.start([shutil.which("node") or "node", HERE / "express/server.js"], "api", NODE_PATH=EXPRESS / "usr/share/nodejs", PORT=port)
    url = f"http://127.0.0.1:{port}/api/gaf/image?product={BIG}"
    harness.wait_until_it_answers(url)
    rate, _, errors = harness.wrk(url, CLIENTS, SECONDS)
    yield Figure(what, ours, "requests/s", rate, "Express + pg", at_least=5, errors=errors)
    yield Figure("memory of Node under the same", harness.peak_memory(node), "MiB")
    ground.stop(node, harness.signal.SIGTERM)


def measure(ground):
    fill(ground)
    serve = ground.serve("--threads", "16")
    ground.nginx()
    png = ground.url(f"/api/gaf/image.png?product={SMALL}&kind=orderbook")

    ours, _, errors = harness.wrk(png, CLIENTS, SECONDS)
    for mode, alone in alone_reading(ground, f"SELECT orderbook_image FROM crypto_gaf.gafs WHERE product = '{SMALL}'"):
        yield Figure("image.png of 80 kB, 8 clients", ours, "requests/s", alone, f"pgbench -M {mode}, the same bytes", at_least=0.85, errors=errors)

    etag = ground.etag(png)
    ours, _, errors = harness.wrk(png, CLIENTS, SECONDS, f"If-None-Match: {etag}")
    constant, _, _ = harness.wrk(ground.url("/healthz/"), CLIENTS, SECONDS)
    yield Figure("image.png, 304 by ETag, 8 clients", ours, "requests/s", constant, "a constant FastCGI response", at_least=0.4, errors=errors)

    for name, url in (("/api/gaf/products", ground.url("/api/gaf/products")), ("image.png", png)):
        rate, p99, errors = harness.wrk(url, CROWD, 30)
        yield Figure(f"{name}, 512 clients for 30 s", rate, "requests/s", errors=errors)
        yield Figure(f"{name}, 512 clients: p99", p99 * 1000, "ms", 5 * CROWD / rate * 1000, "5 × 512 / throughput", at_most=1)
    yield Figure("memory of serve, 16 threads, after image.png", harness.peak_memory(serve), "MiB", below=48)

    ground.stop(serve, harness.signal.SIGTERM)
    serve = ground.serve("--threads", "16")
    yield Figure("serve: start to first answer", ground.wait_for("/readyz") * 1000, "ms", below=150)
    ours, _, errors = harness.wrk(ground.url(f"/api/gaf/image?product={BIG}"), CLIENTS, SECONDS)
    row = f"SELECT midpoint, size, orderbook_image, buy_image, sell_image, midpoint_images[2] FROM crypto_gaf.gafs WHERE product = '{BIG}'"
    for mode, alone in alone_reading(ground, row):
        yield Figure("/api/gaf/image of 2.85 MB, 8 clients", ours, "requests/s", alone, f"pgbench -M {mode}, the same row", at_least=0.55, errors=errors)
    yield from beside_express(ground, ours)
    harness.wrk(ground.url(f"/api/gaf/image?product={BIG}"), CROWD, 10)
    yield Figure("memory of serve, 16 threads, after /api/gaf/image", harness.peak_memory(serve), "MiB", below=96)
    ground.stop(serve, harness.signal.SIGTERM)
