"""A stand-in for Coinbase Exchange's public REST API on the loopback address: a market that moves with the clock."""

import json
import math
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PRODUCTS = ("BTC-USD", "ETH-USD", "SOL-USD", "LTC-USD")
TRADES_PER_SECOND = 4


def price(seconds):
    return round(1000 + 20 * math.sin(seconds / 40) + math.sin(seconds * 1.7), 2)


def iso(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def candle(opening, now):
    """[seconds, low, high, open, close, volume]; the one that is open knows only its past."""
    prices = [price(second) for second in range(opening, min(opening + 60, int(now) + 1))]
    return [opening, min(prices), max(prices), prices[0], prices[-1], len(prices) / 8]


def trade(number):
    at = number / TRADES_PER_SECOND
    return {"trade_id": number, "side": "buy" if number % 3 else "sell", "size": f"{0.01 + number % 7 / 100:.8f}", "price": f"{price(at):.8f}", "time": iso(at)}


def answer(parts, query):
    """The body for a path, or None: 404."""
    now = time.time()
    match parts:
        case ["time"]:
            return {"iso": iso(now), "epoch": now}
        case ["products"]:
            return [{"id": name, "base_currency": name[:3], "quote_currency": name[4:], "quote_increment": "0.01", "base_increment": "0.00000001",
                     "status": "online"} for name in PRODUCTS]
        case ["products", name, "ticker"] if name in PRODUCTS:
            return {"ask": f"{price(now) + 0.05:.2f}", "bid": f"{price(now) - 0.05:.2f}", "volume": "120.5", "price": f"{price(now):.2f}", "time": iso(now)}
        case ["products", name, "book"] if name in PRODUCTS:
            levels = 1 if query.get("level") == "1" else 60
            asks = [[f"{price(now) + 0.05 + n / 4:.2f}", f"{1 + (n + int(now)) % 5}", 1 + n % 3] for n in range(levels)]
            bids = [[f"{price(now) - 0.05 - n / 4:.2f}", f"{1 + (n + int(now)) % 4}", 1 + n % 3] for n in range(levels)]
            return {"asks": asks, "bids": bids, "sequence": int(now * 10), "time": iso(now)}
        case ["products", name, "trades"] if name in PRODUCTS:
            newest = min(int(query.get("after", "0")) - 1, int(now * TRADES_PER_SECOND)) if "after" in query else int(now * TRADES_PER_SECOND)
            return [trade(newest - n) for n in range(int(query.get("limit", "100")))]
        case ["products", name, "candles"] if name in PRODUCTS and query.get("granularity") == "60":
            end = min(int(query.get("end", now)), int(now)) // 60 * 60
            start = max(-(-int(query.get("start", end - 299 * 60)) // 60) * 60, end - 299 * 60)
            return [candle(opening, now) for opening in range(end, start - 1, -60)]
    return None


class Coinbase:
    """Serves until closed; `asked` counts the paths."""

    def __init__(self):
        outer = self
        self.asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                parts = urlsplit(self.path)
                outer.asked.append(parts.path)
                found = answer(parts.path.strip("/").split("/"), {name: values[0] for name, values in parse_qs(parts.query).items()})
                body = json.dumps({"message": "NotFound"} if found is None else found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
