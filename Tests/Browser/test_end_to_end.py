"""The real capture through everything that is real: venue, collector, Postgres, images, handlers, nginx, and a browser that shows them.

What is compared is what the browser received: the bytes it fetched as the page does, against the reference outputs.
"""

import base64
import sys
import unittest

import oracle
import png
from page_case import shared_browser
from stack import Stack, nginx, program

SKIPPED = "no ../shared" if not oracle.available() else "no cryptogaf binary: swift build" if program() is None else ""

# The four ways a page or a program gets an image: the old JSON has base64 in it, the new addresses have a file each.
FETCH_FILE = """(async () => {
    const {fetchImage} = await import('/js/api.js');
    const {blob, version} = await fetchImage(given[0], given[1], null);
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return {version, text: btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''))};
})()"""
FETCH_JSON = "fetch(given[0]).then(answer => answer.json())"
OLD_NAMES = {"orderbook": "png1", "buy": "png2", "sell": "png3", "midpoint-difference": "png4"}
SAMPLE_COLUMNS = "midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells"


@unittest.skipIf(SKIPPED, SKIPPED and f"skipped: {SKIPPED}")
class EndToEndTests(unittest.TestCase):
    """One run of the capture; the tests look at it in the order of the flow."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.addClassCleanup(cls.stack.stop)
        cls.products = sorted(oracle.samples()["samples"])
        cls.stack.start_database()
        cls.stack.start_venue("--capture", oracle.CAPTURE, "--step", "0.05")
        cls.stack.start_web()
        for product in cls.products:
            cls.stack.run("worker", "product", "add", product, "--aggregation", oracle.samples()["aggregation"][product])
        cls.replay()

    @classmethod
    def replay(cls):
        """Collects until the capture is over for every product, then stops the collector."""
        cls.stack.start_command("collect", SLEEP_INTERVAL="0.02")
        full = "SELECT count(*) FROM (SELECT FROM crypto_gaf.samples GROUP BY product HAVING count(*) = 600) each_full"
        # The venue says so when it is asked for more.
        over = "SELECT count(*) FROM crypto_gaf.feeds WHERE last_error LIKE '%the capture has ended%'"
        cls.stack.wait("600 samples of each product, and no more to come", lambda: (
            cls.stack.sql(full) == cls.stack.sql(over) == str(len(cls.products))), 240)
        assert cls.stack.end("collect") == 0, "collect did not end well"

    def setUp(self):
        self.browser = shared_browser()
        self.addCleanup(self.browser.leave)
        self.browser.resize(1280, 900)
        self.browser.open(self.stack.url)

    def test_1_the_samples_are_the_captures(self):
        for product in self.products:
            expected = [sample_row(row) for row in oracle.samples()["samples"][product][-600:]]
            found = [self.stored_row(line) for line in self.stack.sql(
                f"SELECT {SAMPLE_COLUMNS} FROM crypto_gaf.samples WHERE product = '{product}' ORDER BY sample_id").splitlines()]
            with self.subTest(product=product):
                self.assertEqual(len(found), len(expected))
                for number, pair in enumerate(zip(found, expected)):
                    self.assertEqual(*pair, f"row {number} of {product}")

    def test_2_the_browser_receives_the_reference_images(self):
        compared, exact = 0, 0
        for size in (600, 64, 21):
            self.draw(size)
            for product, kind in [(product, kind) for product, drawn in oracle.images() if drawn == size for kind in oracle.KINDS]:
                with self.subTest(product=product, size=size, kind=kind):
                    answer = self.browser.resolve(FETCH_FILE, product, kind)
                    image = png.decode(base64.b64decode(answer["text"]))
                    self.assertEqual(oracle.difference(product, size, kind, *image), "")
                    compared, exact = compared + 1, exact + oracle.is_exact(product, size, kind, image[0])
        print(f"{compared} images compared, {exact} of them equal to the last bit", file=sys.stderr)
        self.assertEqual(compared, 90)

    def test_3_the_old_address_gives_the_same_images(self):
        self.draw(64)
        for product in self.products:
            answer = self.browser.resolve(FETCH_JSON, f"/api/gaf/image?product={product}")
            self.assertEqual(answer["size"], 64)
            self.assertEqual(float(answer["midpoint"]), float(oracle.samples()["samples"][product][-1]["midpoint"]))
            for kind, name in OLD_NAMES.items():
                with self.subTest(product=product, kind=kind):
                    pixels = png.decode(base64.b64decode(answer[name]))
                    self.assertEqual(oracle.difference(product, 64, kind, *pixels), "")

    def test_4_the_page_shows_them(self):
        self.draw(600)
        for product in self.products:
            self.browser.open(f"{self.stack.url}#product={product}")
            self.browser.wait_for_picture(product)
            sizes = self.browser.run("return [...document.querySelectorAll('#quad img')].map(image => image.naturalWidth)")
            self.assertEqual(sizes, [600] * 4)
        self.assertEqual(self.browser.text("#source"), "REPLAY")
        self.assertRegex(self.browser.text("#fresh"), r"drawn (now|\d+ s ago)")
        self.assertEqual(self.browser.text("#facts-samples"), "600 of 600")
        self.assertEqual(self.browser.complaints(), [])

    def test_5_an_unchanged_image_costs_no_bytes(self):
        self.draw(600)
        product = self.products[0]
        # Until the page has all its pictures, it fetches the same.
        self.browser.open(self.stack.url)
        self.browser.wait_for_picture(product)
        self.browser.wait("all thumbnails", lambda: self.browser.run(
            "return document.querySelectorAll('.thumb[data-painted]').length") == len(self.products))
        first = self.browser.resolve(FETCH_FILE, product, "orderbook")
        sizes = ("return performance.getEntriesByType('resource').filter(e => ['kind=orderbook', 'product=' + arguments[0]]"
                 ".every(part => e.name.includes(part))).map(e => e.transferSize)")
        before = self.browser.run(sizes, product)
        again = self.browser.resolve(FETCH_FILE, product, "orderbook")
        self.assertEqual(first, again)
        # An entry is written a little after the answer has been read.
        self.browser.wait("word of it", lambda: len(self.browser.run(sizes, product)) > len(before))
        self.assertLess(self.browser.run(sizes, product)[-1], 1000, "only the head of a 304")

    def test_6_the_api_reference_opens_under_its_policy(self):
        if not nginx.VIEWER.exists():
            self.skipTest("skipped: no swagger-ui: .dev/setup")
        self.browser.open(self.stack.url + "api/docs/")
        operations = "return [...document.querySelectorAll('.opblock-summary-path')].map(path => path.textContent.replaceAll('\u200b', ''))"
        self.browser.wait("the operations", lambda: "/api/gaf/image.png" in self.browser.run(operations))
        self.assertEqual(self.browser.complaints(), [])

    def test_7_the_page_outlives_the_handlers_and_the_database(self):
        self.draw(64)
        self.browser.wait_for_picture(self.products[0])
        for name, start, words in [
            ("serve", self.stack.start_handlers, "502 Bad Gateway"), ("postgres", self.stack.start_postgres, "503 Service Unavailable")]:
            with self.subTest(away=name):
                self.stack.end(name)
                self.browser.wait(f"word of {words}", lambda: words in (self.browser.text("#notice") or ""))
                self.assertEqual(self.browser.run("return document.querySelectorAll('#quad img').length"), 4)
                start()
                self.browser.wait("the API's return", lambda: not self.browser.run(
                    "return document.getElementById('notice').checkVisibility()"), patience=30)

    def draw(self, size):
        """Images of the newest `size` samples, whatever is there already."""
        self.stack.sql(f"UPDATE crypto_gaf.gafs SET max_size = {size}, last_sample_id = NULL")
        self.stack.run("worker", "calculate", "--once")

    @staticmethod
    def stored_row(line):
        midpoint, *arrays = line.split("|")
        return [float(midpoint)] + [[float(number) for number in array.strip("{}").split(",")] for array in arrays]


def sample_row(row):
    """The oracle's row in the order of the table's columns. Its numbers are the doubles nearest to exact decimals."""
    def side(name, place):
        return [float(level[place]) for level in row[name]]

    books = [side("asks", 0), side("asks", 1), side("bids", 0), side("bids", 1)]
    return [float(row["midpoint"]), *books, [float(number) for number in row["buy"]], [float(number) for number in row["sell"]]]


if __name__ == "__main__":
    unittest.main()
