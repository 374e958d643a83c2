"""A scripted API: serves the page's own files and answers as the real handlers do, until a test tells it to fail."""

import json
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import fixtures

PAGE = Path(__file__).resolve().parents[2] / "nginx" / "www"
TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png",
}
HEADERS = PAGE.parent / "conf/headers.conf"
# The very policy that nginx sends with the page, so that a style or script it forbids fails here already.
POLICY = re.search(r'map \$uri \$content_policy \{[^"]*default "([^"]+)";', HEADERS.read_text())[1]


@dataclass
class Market:
    """One product as the API tells it. `drawn_at` is on the server's clock; None: no image yet."""

    product: str
    source: str = "LIVE"
    venue: str | None = None
    samples: int = 600
    max_size: int = 600
    midpoint: str | None = "63214.555"
    version: int = 1
    drawn_at: float | None = None
    images: dict = field(default_factory=dict)
    # Each answer is made on a thread of its own, and none is to be of two drawings.
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def draw(self, images, size, midpoint=None):
        """A new drawing, as `calculate` stores it: all images, size, price and version at once."""
        with self.lock:
            self.images, self.samples = images, size
            self.midpoint = midpoint or self.midpoint
            self.version += 1
            self.drawn_at = time.time()

    def row(self):
        with self.lock:
            drawn = self.drawn_at is not None
            return {
                "product": self.product, "venue": self.venue, "source": self.source, "max_size": self.max_size,
                "size": self.samples if drawn else 0, "samples": None if drawn else self.samples,
                "midpoint": self.midpoint if drawn else None, "calculated_at": _iso(self.drawn_at) if drawn else None,
                "version": self.version, "age": round(time.time() - self.drawn_at, 3) if drawn else None, "redraw_interval": 5,
            }

    def image(self, kind):
        """An image and its ETag; None before the first drawing."""
        with self.lock:
            return self.drawn_at and (self.images[kind], f'"{self.version}-{int(self.drawn_at * 1e6)}-{kind}"')


class MockAPI:
    """Listens on a free port of 127.0.0.1 between `start` and `stop`. Everything public may be changed while it runs."""

    def __init__(self):
        self.markets = []
        self.failure = None  # A status to answer to every API request, or "hang", or "drop".
        self.failure_body = ("text/html", b"<h1>away</h1>")
        self.image_failure = None  # The same for images alone.
        self.list_body = None  # Bytes to answer instead of the list of products.
        self.retry_after = None
        self.image_delay = {}  # kind → seconds
        self.requests = []  # (path and query, status) of every API request, in order
        self.before_image = None  # called with (product, kind) before an image is answered
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def add(self, product, seed=None, size=64, **changes):
        """A market with a picture, unless `seed` is None."""
        market = Market(product, **changes)
        if seed is not None:
            market.draw(fixtures.market_images(seed, size), size)
        self.markets.append(market)
        return market

    def hold(self, product, kind):
        """Answers the questions for that image when the event is set that it gives back."""
        released = threading.Event()
        self.before_image = lambda *asked: asked == (product, kind) and released.wait(60)
        return released

    def asked(self, part):
        """How many API requests so far had `part` in their path or query."""
        return sum(part in path for path, _ in self.requests)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A browser that turned away in mid-answer is no news; anything else is printed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api = None

    def do_GET(self):
        path = urlsplit(self.path).path
        if path.startswith("/api/"):
            self._answer_api(path)
        else:
            self._answer_file(path)

    def log_message(self, *_):
        pass

    def _answer_api(self, path):
        failure = self.api.failure or (self.api.image_failure if path.endswith(".png") else None)
        if failure == "hang":
            self.api.released.wait(60)
        if failure in ("hang", "drop"):
            self.close_connection = True
            return
        if failure:
            after = [] if self.api.retry_after is None else [("Retry-After", str(self.api.retry_after))]
            self._send(failure, *self.api.failure_body, after)
        elif path == "/api/gaf/products":
            listed = json.dumps({"products": [market.row() for market in self.api.markets]}).encode()
            self._send(200, "application/json", self.api.list_body or listed)
        elif path == "/api/gaf/image.png":
            self._answer_image({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})
        else:
            self._send(404, "application/problem+json", b'{"title":"not found"}')

    def _answer_image(self, query):
        product, kind = query.get("product"), query.get("kind")
        if self.api.before_image:
            self.api.before_image(product, kind)
        time.sleep(self.api.image_delay.get(kind, 0))
        market = next((market for market in self.api.markets if market.product == product), None)
        drawn = market and market.image(kind)
        if drawn is None:
            return self._send(404, "application/problem+json", b'{"title":"not drawn"}')
        image, etag = drawn
        headers = [("ETag", etag), ("Cache-Control", "no-cache")]
        if self.headers.get("If-None-Match") == etag:
            return self._send(304, None, b"", headers)
        return self._send(200, "image/png", image, headers)

    def _answer_file(self, path):
        file = (PAGE / unquote(path).lstrip("/")).resolve()
        if file.is_dir():
            file = file / "index.html"
        if not file.is_relative_to(PAGE) or not file.is_file():
            return self._send(404, "text/plain", b"not found")
        return self._send(200, TYPES[file.suffix], file.read_bytes(), [("Cache-Control", "no-cache")])

    def _send(self, status, kind, body, headers=()):
        if self.path.startswith("/api/"):
            self.api.requests.append((unquote(self.path), status))
        self.send_response(status)
        for name, value in [("Content-Security-Policy", POLICY), ("Content-Length", str(len(body))), *headers]:
            self.send_header(name, value)
        if kind:
            self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)


def _iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
