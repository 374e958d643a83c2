import re
import time
import unittest

import fixtures
from page_case import PageCase

FAILED_LOAD = "Failed to load resource"

# Notes when the page asks for something, by its own clock, in milliseconds.
WATCH_QUESTIONS = """
    window.questions = [];
    const ask = fetch;
    window.fetch = (...given) => { window.questions.push(performance.now()); return ask(...given); };
"""


class StateTests(PageCase):
    """What the page says when there is nothing, not yet, no longer, or nobody to ask."""

    def test_without_markets_it_says_how_to_add_one_and_notices_the_first(self):
        self.open()
        self.wait_for_text("#message", "No markets yet")
        self.assertIn("cryptogaf product add", self.text("#message"))
        self.assertEqual(self.text("#fresh"), "no markets")
        self.assertFalse(self.visible("#markets"))
        self.api.add("BTC-USD", seed=1)
        self.browser.wait_for_picture("BTC-USD")
        self.assertFalse(self.visible("#message"))

    def test_a_product_without_a_picture_counts_its_samples_until_the_first_one(self):
        market = self.api.add("NEW-USD", samples=7)
        self.open()
        self.wait_for_text("#message", "7 of 21 samples")
        self.assertEqual(self.browser.run("const bar = document.querySelector('progress'); return [bar.value, bar.max]"), [7, 21])
        self.assertEqual(self.text("#fresh"), "collecting")
        self.assertEqual(self.text("#facts-drawn"), "not yet")
        self.assertFalse(self.visible("#raw"))
        self.assertEqual(self.api.asked("image.png"), 0)
        market.draw(fixtures.market_images(1, 21), 21)
        self.browser.wait_for_picture("NEW-USD")
        self.assertFalse(self.visible("#message"))
        self.wait_for_text("#facts-samples", "21 of 600")

    def test_freshness_counts_on_and_turns_stale(self):
        market = self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        self.browser.wait("an age that counts on", lambda: re.fullmatch(r"drawn ([2-9]|1\d) s ago", self.text("#fresh")))
        self.assertEqual(self.browser.run("return document.getElementById('fresh').dataset.state"), "fresh")
        market.drawn_at -= 300
        self.wait_for_text("#fresh", "stale, drawn 5 min ago")
        self.assertEqual(self.browser.run("return document.getElementById('fresh').dataset.state"), "stale")

    def test_a_picture_from_before_anybody_took_the_time_is_shown_and_called_old(self):
        market = self.api.add("BTC-USD", seed=1)
        market.row = lambda row=market.row: {**row(), "calculated_at": None, "age": None}
        self.open_with_picture("BTC-USD")
        self.assertEqual(self.text("#fresh"), "stale, drawn long ago")

    def test_a_clock_that_is_wrong_here_does_not_age_the_picture(self):
        fast = {"source": "const now = Date.now; Date.now = () => now() + 9e6"}
        script = self.browser.command("Page.addScriptToEvaluateOnNewDocument", fast)
        self.addCleanup(self.browser.command, "Page.removeScriptToEvaluateOnNewDocument", script)
        market = self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        market.drawn_at = time.time()  # However long the browser took.
        self.browser.wait("a young picture", lambda: re.fullmatch(r"drawn (now|\d s ago)", self.text("#fresh")))

    def test_while_the_api_is_away_the_last_picture_stays_dimmed_and_comes_back_by_itself(self):
        self.expected_complaints = (FAILED_LOAD,)
        self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        self.api.failure = 503
        self.wait_for_text("#notice", "API away since")
        self.assertRegex(self.text("#notice"), r"API away since \d\d:\d\d:\d\d")
        self.assertIn("the server answered 503 Service Unavailable", self.text("#notice"))
        opacity = "return Number(getComputedStyle(document.querySelector('.cell')).opacity)"
        self.browser.wait("the dimming", lambda: self.browser.run(opacity) < 0.5)
        self.assertEqual(self.browser.run("return document.querySelectorAll('#quad img').length"), 4)
        self.api.failure = None
        self.browser.wait("the API's return", lambda: not self.visible("#notice"))
        self.browser.wait("full light", lambda: self.browser.run(opacity) == 1)

    def test_it_asks_less_and_less_often_and_at_once_when_told_to(self):
        self.expected_complaints = (FAILED_LOAD,)
        self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        self.wait_for_thumbnails(1)
        self.browser.run(WATCH_QUESTIONS)
        self.api.failure = 500
        self.wait_for_text("#notice", "API away")
        self.browser.wait("four questions in vain", lambda: sum(status == 500 for _, status in self.api.requests) >= 4)
        times = self.browser.run("return window.questions")[-4:]
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        for gap, least in zip(gaps, (800, 1600, 3200)):
            self.assertGreaterEqual(gap, least)
        self.api.failure = None
        asked = "const before = window.questions.length; document.getElementById('retry').click(); return window.questions.length - before"
        self.assertEqual(self.browser.run(asked), 1)
        self.browser.wait("the answer", lambda: not self.visible("#notice"))

    def test_a_server_that_says_when_to_come_back_is_obeyed(self):
        self.expected_complaints = (FAILED_LOAD,)
        self.api.failure, self.api.retry_after = 503, 30
        self.api.failure_body = ("application/problem+json", b'{"title":"Service Unavailable","detail":"Postgres is away"}')
        self.open()
        self.wait_for_text("#notice", "next try in")
        self.assertRegex(self.text("#notice"), r"next try in (30|2\d) s")
        self.assertEqual(self.text("#message h2"), "Waiting for the API")
        self.assertIn("Postgres is away (503 Service Unavailable)", self.text("#notice"))
        self.assertEqual(self.api.asked("products"), 1)

    def test_a_server_that_never_answers_is_given_up_in_time(self):
        self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        self.api.failure = "hang"
        self.wait_for_text("#notice", "no answer in time")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#quad img').length"), 4)

    def test_a_broken_connection_and_a_broken_answer_are_told_apart(self):
        self.expected_complaints = (FAILED_LOAD,)
        self.api.failure = "drop"
        self.open()
        self.wait_for_text("#notice", "no connection")
        self.api.failure = None
        self.api.list_body = b"<html>"
        self.wait_for_text("#notice", "the answer is not JSON")
        self.api.list_body = b'{"products": 3}'
        self.wait_for_text("#notice", "the answer is not a list of products")
        self.api.list_body = b'{"products": [{"product": null}, 7]}'
        self.wait_for_text("#message", "No markets yet")

    def test_an_api_that_lists_but_cannot_give_pictures_counts_as_away(self):
        self.expected_complaints = (FAILED_LOAD,)
        market = self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        self.api.image_failure = 500
        market.draw(fixtures.market_images(2, 64), 64)
        self.wait_for_text("#notice", "the server answered 500")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#quad img').length"), 4)
        self.api.image_failure = None
        self.browser.wait("the picture's return", lambda: not self.visible("#notice"))

    def test_nobody_looking_nobody_asking(self):
        self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        hide = "Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});" \
               "document.dispatchEvent(new Event('visibilitychange'));"
        self.wait_for_thumbnails(1)
        self.browser.run(WATCH_QUESTIONS)
        # Timers run in the order in which they are due: the page's own, of a second, before this one.
        self.browser.run(hide + "window.questions = []; setTimeout(() => { window.isOver = true; }, 2500);", True)
        self.browser.wait("two polls' time", lambda: self.browser.run("return window.isOver"))
        self.assertEqual(self.browser.run("return window.questions.length"), 0)
        self.assertEqual(self.browser.run(hide + "return window.questions.length", False), 1)

    def test_a_market_taken_off_leaves_no_picture_behind(self):
        self.api.add("BTC-USD", seed=1)
        self.api.add("ETH-USD", seed=2)
        self.open_with_picture("ETH-USD", "#product=ETH-USD")
        self.wait_for_thumbnails(2)
        del self.api.markets[1]
        self.wait_for_text("#message", "ETH-USD is not among the markets here.")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#quad img').length"), 0)
        self.assertEqual(self.browser.run("return document.querySelectorAll('.card').length"), 1)

    def test_the_source_is_always_told(self):
        market = self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        for source in ("LIVE", "REPLAY", "SYNTHETIC"):
            market.source = source
            self.wait_for_text("#source", source)
            self.browser.run("scrollTo(0, document.body.scrollHeight)")
            top = self.browser.run("return document.getElementById('source').getBoundingClientRect().top")
            self.assertTrue(0 <= top < 56, f"the badge is {top} px from the top")
        market.source = None
        self.assertTrue(self.visible("#fresh"))
        self.browser.wait("no badge", lambda: not self.visible("#source"))
        self.assertEqual(self.text("#facts-source"), "not said")


if __name__ == "__main__":
    unittest.main()
