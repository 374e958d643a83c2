import random
import threading
import unittest

import fixtures
import png
from page_case import PageCase

RED, GREEN, BLUE, GREY, YELLOW = (200, 0, 0), (0, 160, 0), (0, 0, 200), (90, 90, 90), (200, 200, 0)
COLOURS = (RED, GREEN, BLUE, YELLOW, GREY)  # orderbook, buy, sell, midpoint-summation, midpoint-difference

# Notes for every frame which drawing each of the four images is of, told by its first red byte, or that one is missing.
WATCH = """
    const canvas = new OffscreenCanvas(1, 1), context = canvas.getContext('2d', {willReadFrequently: true});
    const drawing = image => {
        if (!image || !image.complete || !image.naturalWidth) return 'missing';
        context.drawImage(image, 0, 0, 1, 1, 0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data[0];
    };
    window.frames_seen = [];
    const watch = () => {
        window.frames_seen.push([...document.querySelectorAll('#quad .cell')].map(cell => drawing(cell.querySelector('img'))).join());
        requestAnimationFrame(watch);
    };
    watch();
"""


def plain(level, size=16):
    """Five images of one grey level: each pixel tells which drawing it is of."""
    return {kind: png.encode(bytes([level]) * (size * size), size, size, 1) for kind in fixtures.KINDS}


class PictureTests(PageCase):
    def marked(self):
        market = self.api.add("BTC-USD")
        market.draw(fixtures.marked_images(32, COLOURS), 32)
        self.open_with_picture("BTC-USD")
        # The name over the centre would cover the very pixels that are looked at.
        self.browser.run("document.querySelector('.centre').style.visibility = 'hidden'")
        box = self.browser.run("const b = document.getElementById('quad').getBoundingClientRect(); return [b.x, b.y, b.width]")
        return [round(value) for value in box]

    def test_the_newest_pixels_of_all_four_fields_meet_in_the_centre(self):
        left, top, side = self.marked()
        at = self.browser.pixels()
        middle, near, far = side // 2, side // 32, side // 4
        for across, down, colour in [(-1, -1, RED), (1, -1, GREEN), (-1, 1, BLUE), (1, 1, GREY)]:
            with self.subTest(across=across, down=down):
                self.assertEqual(at(left + middle + across * near, top + middle + down * near), fixtures.MARK)
                self.assertEqual(at(left + middle + across * far, top + middle + down * far), colour)
                edge = middle - 12  # Inside the rounded corner, where the oldest pixel is.
                self.assertEqual(at(left + middle + across * edge, top + middle + down * edge), colour)

    def test_no_seam_shows_between_the_fields(self):
        left, top, side = self.marked()
        at = self.browser.pixels()
        for offset in (-2, -1, 0, 1):
            self.assertEqual(at(left + side // 2 + offset, top + side // 2), fixtures.MARK)
            self.assertEqual(at(left + side // 2, top + side // 2 + offset), fixtures.MARK)

    def test_enlarged_pixels_stay_crisp(self):
        left, top, side = self.marked()
        at = self.browser.pixels()
        row = {at(x, top + side - 30) for x in range(left + side // 2 + 4, left + side - 40)}
        self.assertEqual(row, {GREY})
        line = {at(x, top + side // 2 + 6) for x in range(left + side // 2, left + side - 12)}
        self.assertEqual(line, {fixtures.MARK, GREY}, "a blend of the two colours is a blurred pixel")

    def test_a_picture_of_more_samples_than_pixels_is_smoothed(self):
        market = self.api.add("BTC-USD")
        market.draw(plain(7, 400), 400)
        self.browser.resize(400, 800)
        self.open_with_picture("BTC-USD")
        self.assertFalse(self.browser.run("return document.getElementById('quad').hasAttribute('data-enlarged')"))

    def test_redraws_swap_all_four_images_in_one_frame(self):
        market = self.api.add("BTC-USD")
        market.draw(plain(10), 16)
        self.open_with_picture("BTC-USD")
        self.browser.run(WATCH)
        rng = random.Random(7)
        for level in range(11, 17):
            self.api.image_delay = {kind: rng.random() * 0.3 for kind in fixtures.KINDS}
            market.draw(plain(level), 16)
            self.browser.wait(f"drawing {level}", lambda: self.browser.run(
                "return window.frames_seen.at(-1).startsWith(arguments[0])", f"{level},"))
        # However few of them a busy machine paints in the meantime.
        self.browser.wait("a hundred frames", lambda: self.browser.run("return window.frames_seen.length > 100"), patience=60)
        frames = self.browser.run("return window.frames_seen")
        self.assertEqual(list(dict.fromkeys(frames)), [",".join([str(level)] * 4) for level in range(10, 17)])

    def test_a_redraw_between_two_of_its_requests_never_shows_a_mixture(self):
        market = self.api.add("BTC-USD")
        market.draw(plain(10), 16)
        self.open_with_picture("BTC-USD")
        self.browser.run(WATCH)
        lock, redrawn = threading.Lock(), [10]

        def redraw_in_between(_, kind):
            with lock:
                if kind == "sell" and redrawn[0] < 14:
                    redrawn[0] += 1
                    market.draw(plain(redrawn[0]), 16)

        with lock:
            self.api.before_image = redraw_in_between
            market.draw(plain(11), 16)
        self.browser.wait("the last drawing", lambda: self.browser.run("return window.frames_seen.at(-1) === '14,14,14,14'"))
        for frame in self.browser.run("return [...new Set(window.frames_seen)]"):
            self.assertEqual(len(set(frame.split(","))), 1, f"a quad of {frame}")

    def test_unchanged_images_are_not_asked_for_and_changed_ones_are_revalidated(self):
        market = self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        self.wait_for_thumbnails(1)
        before = self.api.asked("image.png")
        polls = self.api.asked("products")
        self.browser.wait("three more polls", lambda: self.api.asked("products") >= polls + 3)
        self.assertEqual(self.api.asked("image.png"), before)
        # The list says there is something new, the images say there is not: 304, and no byte of them travels.
        market.row = lambda row=market.row: {**row(), "version": "touched"}
        self.browser.wait("revalidation", lambda: sum(s == 304 for p, s in self.api.requests if "image.png" in p) >= 4)

    def test_the_price_belongs_to_the_picture_and_is_on_the_tab(self):
        market = self.api.add("BTC-USD", seed=1, midpoint="63214.555")
        self.open_with_picture("BTC-USD")
        self.wait_for_text(".centre-price", "63,214.56")
        market.draw(fixtures.market_images(2, 64), 64, midpoint="70000.25")
        self.wait_for_text(".centre-price", "70,000.25")
        self.assertEqual(self.browser.driver.title, "70,000.25 BTC-USD · Crypto GAF")
        self.assertEqual(self.browser.run("return document.getElementById('facts-price').value"), "70000.25")

    def test_each_image_says_what_it_shows(self):
        self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        alternatives = self.browser.run("return [...document.querySelectorAll('#quad img')].map(image => image.alt)")
        self.assertEqual(alternatives, [
            "Order book value of levels 1 to 3, BTC-USD", "Market buys: size, price and count, BTC-USD",
            "Market sells: price, size and count, BTC-USD", "Difference field of the midpoint, BTC-USD"])

    def test_the_bytes_of_replaced_images_are_given_back(self):
        market = self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        self.browser.run("window.revoked = []; const give = URL.revokeObjectURL; "
                         "URL.revokeObjectURL = url => { window.revoked.push(url); give.call(URL, url); }")
        old = self.browser.run("return [...document.querySelectorAll('#quad img')].map(image => image.src)")
        market.draw(fixtures.market_images(2, 64), 64)
        self.browser.wait("the swap", lambda: self.browser.run("return window.revoked.length >= 4"))
        self.assertEqual(self.browser.run("return window.revoked"), old)

    def test_thumbnails_are_small_quads_with_the_newest_in_the_centre(self):
        market = self.api.add("BTC-USD")
        market.draw(fixtures.marked_images(32, COLOURS), 32)
        self.open("#overview")
        self.wait_for_thumbnails(1)
        pixels = self.browser.run("""
            const thumb = document.querySelector('.thumb'), half = thumb.width / 2, side = thumb.width;
            const bytes = thumb.getContext('2d').getImageData(0, 0, side, side).data;
            const at = (x, y) => [...bytes.slice(4 * ((half + y) * side + half + x)).slice(0, 3)];
            return [3, Math.round(half * 0.6)].map(far => [at(-far, -far), at(far, -far), at(-far, far), at(far, far)]);""")
        self.assertEqual(pixels[0], [list(fixtures.MARK)] * 4)
        self.assertEqual(pixels[1], [list(colour) for colour in (RED, GREEN, BLUE, GREY)])


if __name__ == "__main__":
    unittest.main()
