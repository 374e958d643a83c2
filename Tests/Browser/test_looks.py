import re
import unittest

from mock import PAGE
from page_case import PageCase

# Contrast of each visible text against what lies behind it (WCAG 2.2, 1.4.3); the picture has its own outlined letters.
CONTRAST = """
    const canvas = new OffscreenCanvas(1, 1), context = canvas.getContext('2d', {willReadFrequently: true});
    const rgb = (...colours) => {
        context.clearRect(0, 0, 1, 1);
        for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
        return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = colour => colour.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) layers.unshift(getComputedStyle(e).backgroundColor);
        return layers;
    };
    const weak = [];
    for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
        if (!own || !element.checkVisibility() || element.closest('.centre, .skip, noscript, svg')) continue;
        const layers = behind(element);
        const pair = [luminance(rgb(...layers)), luminance(rgb(...layers, getComputedStyle(element).color))].sort((a, b) => b - a);
        const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
        if (ratio < 4.5) weak.push(`${own.slice(0, 30)} ${ratio.toFixed(2)}`);
    }
    return weak;
"""


class LooksTests(PageCase):
    """Sizes, themes, contrast, and what a strict content security policy needs."""

    def fill(self):
        for seed, (product, source) in enumerate([("BTC-USD", "LIVE"), ("ETH-USD", "REPLAY"), ("kraken:SOL-USD", "SYNTHETIC")]):
            self.api.add(product, seed=seed, source=source)
        self.api.add("NEW-USD", samples=3)
        self.api.markets[1].drawn_at -= 400

    def ground(self):
        return self.browser.run("return getComputedStyle(document.body).backgroundColor")

    def test_nothing_sticks_out_of_a_phone(self):
        self.fill()
        for width in (320, 375, 768, 1024):
            self.browser.resize(width, 740)
            for fragment in ("#product=BTC-USD", "#overview", "#product=NEW-USD", "#product=NONE"):
                with self.subTest(width=width, fragment=fragment):
                    self.open(fragment)
                    self.browser.wait("cards", lambda: self.browser.run("return document.querySelectorAll('.card').length === 4"))
                    self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width)
                    bar = "return [...document.querySelectorAll('.bar > *')].map(e => e.getBoundingClientRect()).map(b => [b.left, b.right])"
                    boxes = self.browser.run(bar)
                    for (_, right), (left, _) in zip(boxes, boxes[1:]):
                        self.assertLessEqual(right, left, "parts of the bar overlap")

    def test_on_a_phone_the_picture_is_as_wide_as_the_screen_allows(self):
        self.fill()
        self.browser.resize(375, 740, scale=2)
        self.open_with_picture("BTC-USD")
        width, height = self.browser.run("const b = document.getElementById('quad').getBoundingClientRect(); return [b.width, b.height]")
        self.assertEqual((width, height), (346, 346))

    def test_on_a_desktop_the_whole_picture_fits_the_window(self):
        self.fill()
        for size in ((1280, 720), (1440, 900), (2560, 1300)):
            self.browser.resize(*size)
            self.open_with_picture("BTC-USD")
            box = self.browser.run("const b = document.getElementById('quad').getBoundingClientRect(); return [b.bottom, b.width, b.height]")
            self.assertLessEqual(box[0], size[1])
            self.assertEqual(box[1], box[2])
            self.assertEqual(box[1] % 2, 0, "an odd width leaves a seam")

    def test_follows_the_systems_theme_until_one_is_chosen_and_remembers_it(self):
        self.fill()
        self.open_with_picture("BTC-USD")
        dark = self.ground()
        self.browser.prefer("light")
        self.assertNotEqual(self.ground(), dark)
        light = self.ground()
        self.browser.run("document.getElementById('theme').click()")
        self.assertEqual(self.ground(), dark)
        self.open()
        self.assertEqual(self.ground(), dark, "the choice outlives a reload")
        self.browser.run("document.getElementById('theme').click()")
        self.assertEqual(self.ground(), light)
        self.browser.run("localStorage.clear()")

    def test_every_text_can_be_read_in_both_themes(self):
        self.fill()
        self.expected_complaints = ("Failed to load resource",)
        for scheme in ("dark", "light"):
            self.browser.prefer(scheme)
            for fragment in ("#product=BTC-USD", "#overview", "#product=NEW-USD"):
                self.api.failure = None
                self.open(fragment)
                self.browser.wait("cards", lambda: self.browser.run("return document.querySelectorAll('.card').length === 4"))
                self.api.failure = 500
                self.wait_for_text("#notice", "API away")
                with self.subTest(scheme=scheme, fragment=fragment):
                    # In one go, or another animation may begin in between.
                    finish = "document.getAnimations().forEach(animation => animation.finish());"
                    self.assertEqual(self.browser.run(finish + CONTRAST), [])

    def test_nothing_moves_for_those_who_asked_for_stillness(self):
        self.fill()
        self.browser.prefer("dark", motion="reduce")
        self.open_with_picture("BTC-USD")
        moving = "return [...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
        self.assertEqual(self.browser.run(moving), 0)

    def test_controls_have_names_and_headings_an_order(self):
        self.fill()
        self.open_with_picture("BTC-USD")
        nameless = self.browser.run("""return [...document.querySelectorAll('a, button, input, summary, [role=img], nav, section, aside')]
            .filter(e => !(e.innerText?.trim() || e.getAttribute('aria-label') || e.title || e.getAttribute('aria-labelledby')))
            .map(e => e.outerHTML.slice(0, 80));""")
        self.assertEqual(nameless, [])
        self.assertEqual(self.browser.run("return document.querySelectorAll('h1').length"), 1)
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "en")
        self.key("Tab")
        self.assertEqual(self.browser.run("return document.activeElement.className"), "skip")

    def test_the_files_hold_nothing_inline_and_nothing_from_elsewhere(self):
        files = [file for file in PAGE.rglob("*") if file.is_file()]
        self.assertGreater(len(files), 15)
        for file in files:
            text = file.read_text()
            with self.subTest(file=str(file.relative_to(PAGE))):
                self.assertEqual(re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"']+", text), [])
                self.assertLess(text.count("\n"), 200)
                if file.suffix == ".html":
                    self.assertEqual(re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), [])

    def test_a_policy_violation_would_be_noticed_by_these_tests(self):
        self.open()
        self.browser.run("const s = document.createElement('script'); s.textContent = 'window.bad = 1'; document.head.append(s)")
        self.assertIsNone(self.browser.run("return window.bad ?? null"))
        self.browser.wait("the complaint", lambda: any("Content Security Policy" in text for text in self.browser.complaints()))


if __name__ == "__main__":
    unittest.main()
