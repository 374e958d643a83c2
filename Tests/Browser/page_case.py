"""What every test of the page starts from: a fresh scripted API, the one shared browser, and no tolerance for complaints."""

import atexit
import unittest

from browser import Browser
from mock import MockAPI

_browser = None


def shared_browser():
    """Starting Chromium takes longer than most tests: all of them share one."""
    global _browser
    if _browser is None:
        _browser = Browser()
        atexit.register(_browser.close)
    return _browser


class PageCase(unittest.TestCase):
    """`complaints` of the console that a test provokes on purpose are listed in `expected_complaints`."""

    def setUp(self):
        self.expected_complaints = ()
        self.browser = shared_browser()
        self.browser.resize(1280, 900)
        self.browser.prefer("dark")
        self.api = MockAPI().start()
        self.addCleanup(self.api.stop)
        self.addCleanup(self.check_complaints)

    def check_complaints(self):
        """Refused styles, failed loads, uncaught errors: the console must be as clean as the screen."""
        rest = [text for text in self.browser.leave() if not any(part in text for part in self.expected_complaints)]
        self.assertEqual(rest, [])

    def open(self, fragment=""):
        self.browser.open(self.api.url + fragment)

    def open_with_picture(self, product, fragment=""):
        self.open(fragment)
        self.browser.wait_for_picture(product)

    def text(self, selector):
        return self.browser.text(selector)

    def wait_for_text(self, selector, expected, patience=15):
        def matches():
            return expected in (self.text(selector) or "")

        self.browser.wait(f"{expected!r} in {selector}, which says {self.text(selector)!r}", matches, patience)

    def wait_for_thumbnails(self, number):
        script = "return document.querySelectorAll('.thumb[data-painted]').length === arguments[0]"
        self.browser.wait(f"{number} thumbnails", lambda: self.browser.run(script, number))

    def visible(self, selector):
        return self.browser.run("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def key(self, name):
        for kind in ("keyDown", "keyUp"):
            self.browser.command("Input.dispatchKeyEvent", {"type": kind, "key": name, "code": name})
