import unittest

import fixtures
from page_case import PageCase


class NavigationTests(PageCase):
    """From one market to another: by pointer, by keyboard, by address."""

    def open_three(self, fragment="", expected="BTC-USD"):
        for seed, product in enumerate(["BTC-USD", "ETH-USD", "kraken:SOL/EUR & <b>"]):
            self.api.add(product, seed=seed)
        self.open_with_picture(expected, fragment)

    def current(self):
        return self.browser.run("return [...document.querySelectorAll('.card[aria-current]')]"
                                ".map(card => card.querySelector('.card-name').textContent)")

    def test_without_an_address_the_first_market_with_a_picture_is_shown_and_stays(self):
        waiting = self.api.add("AAA-USD", samples=3)
        self.api.add("BTC-USD", seed=1)
        self.open_with_picture("BTC-USD")
        waiting.draw(fixtures.market_images(5, 32), 32)
        self.wait_for_thumbnails(2)
        self.assertEqual(self.current(), ["BTC-USD"])

    def test_a_click_on_a_card_turns_the_stage_and_the_address(self):
        self.open_three()
        self.browser.run("document.querySelectorAll('.card')[1].click()")
        self.browser.wait_for_picture("ETH-USD")
        self.assertEqual(self.current(), ["ETH-USD"])
        self.assertTrue(self.browser.driver.current_url.endswith("#product=ETH-USD"))
        self.assertEqual(self.text("#facts-name"), "ETH-USD")
        self.browser.driver.back()
        self.browser.wait_for_picture("BTC-USD")

    def test_a_link_opens_its_market_whatever_its_name_holds(self):
        self.open_three("#product=kraken%3ASOL%2FEUR%20%26%20%3Cb%3E", expected="kraken:SOL/EUR & <b>")
        self.assertEqual(self.current(), ["kraken:SOL/EUR & <b>"])
        self.assertEqual(self.browser.run("return document.querySelectorAll('#cards b, #facts-name b').length"), 0)
        asked = [path for path, status in self.api.requests if "image.png" in path and status == 200]
        self.assertTrue(any("product=kraken:SOL/EUR+&+<b>" in path for path in asked), asked)

    def test_a_link_to_a_market_that_is_not_there_says_so(self):
        self.api.add("BTC-USD", seed=1)
        self.open("#product=XRP-USD")
        self.wait_for_text("#message", "XRP-USD is not among the markets here.")
        self.assertEqual(self.text("#fresh"), "not on show")

    def test_arrow_keys_go_around_the_markets(self):
        self.open_three()
        for key, expected in [("ArrowRight", "ETH-USD"), ("ArrowLeft", "BTC-USD"), ("ArrowLeft", "kraken:SOL/EUR & <b>")]:
            self.key(key)
            self.browser.wait_for_picture(expected)

    def test_tab_and_enter_are_enough(self):
        self.open_three()
        seen = []
        for _ in range(20):
            self.key("Tab")
            seen.append(self.browser.run("const e = document.activeElement; return e.id || e.querySelector?.('.card-name')?.textContent"))
            if seen[-1] == "ETH-USD":
                break
        self.assertEqual(seen[-1], "ETH-USD", seen)
        self.assertEqual(self.browser.run("return getComputedStyle(document.activeElement).outlineStyle"), "solid")
        self.browser.command("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Enter", "code": "Enter", "text": "\r"})
        self.browser.wait_for_picture("ETH-USD")

    def test_while_the_next_market_loads_no_picture_stands_under_a_wrong_name(self):
        self.open_three()
        held = self.api.hold("ETH-USD", "sell")
        self.browser.run("""window.pairs = new Set();
            const watch = () => { const image = document.querySelector('#quad img');
                window.pairs.add(`${document.querySelector('.centre-name').textContent}|${image?.alt.split(', ').at(-1) ?? ''}`);
                requestAnimationFrame(watch); };
            watch(); location.hash = '#product=ETH-USD';""")

        def seen():
            return self.browser.run("return [...window.pairs]")

        # What a frame shows is noted by that frame: the page itself may already be further.
        self.browser.wait("a frame of an empty stage", lambda: "|" in seen())
        held.set()
        self.browser.wait("a frame of the next market", lambda: "ETH-USD|ETH-USD" in seen())
        self.assertEqual(seen(), ["BTC-USD|BTC-USD", "|", "ETH-USD|ETH-USD"])

    def test_there_and_back_again_at_once_leaves_the_picture_alone(self):
        self.open_three()
        self.wait_for_thumbnails(3)
        held = self.api.hold("ETH-USD", "sell")
        # Back as soon as the images are asked for. The moment for which the old picture stays is longer, so that a busy machine is in time.
        self.browser.run("""window.counts = new Set();
            const later = setTimeout, ask = fetch;
            window.setTimeout = (work, wait) => later(work, wait === 400 ? 2000 : wait);
            window.fetch = (address, options) => {
                if (address.includes('product=ETH-USD')) { location.hash = '#product=BTC-USD'; window.isBack = true; }
                return ask(address, options);
            };
            const watch = () => { window.counts.add(document.querySelectorAll('#quad img').length); requestAnimationFrame(watch); };
            watch(); location.hash = '#product=ETH-USD';""")
        self.browser.wait("the way back", lambda: self.browser.run("return window.isBack"))
        held.set()
        # A second or more apart, by the page's own timers: a picture that goes after that moment has gone by then.
        polls = self.api.asked("products")
        self.browser.wait("four more polls", lambda: self.api.asked("products") >= polls + 4)
        self.assertEqual(self.browser.run("return [...window.counts]"), [4])
        self.assertEqual(self.text(".centre-name"), "BTC-USD")
        self.assertEqual(self.browser.run("return document.getElementById('quad').getAttribute('aria-busy')"), "false")

    def test_the_overview_shows_every_market_with_price_and_freshness(self):
        self.open_three()
        self.browser.run("document.getElementById('wall').click()")
        self.wait_for_thumbnails(3)
        self.assertFalse(self.visible("#quad"))
        self.assertEqual(self.text("#fresh"), "3 of 3 fresh")
        self.assertEqual(self.text("#markets-count"), "3 markets")
        for card in self.browser.run("return [...document.querySelectorAll('.card')].map(card => card.innerText)"):
            self.assertRegex(card, r"63,214\.56")
            self.assertRegex(card, r"now|\d s ago")
        self.api.markets[2].drawn_at -= 600
        self.wait_for_text("#fresh", "1 of 3 stale")
        self.browser.run("document.querySelectorAll('.card')[1].click()")
        self.browser.wait_for_picture("ETH-USD")

    def test_sources_that_differ_are_told_on_each_card(self):
        self.open_three()
        self.assertFalse(self.visible(".card .badge"))
        self.api.markets[1].source = "SYNTHETIC"
        self.browser.wait("badges", lambda: self.visible(".card .badge"))
        self.browser.run("location.hash = '#overview'")
        self.wait_for_text("#source", "LIVE + SYNTHETIC")

    def test_many_markets_can_be_filtered(self):
        for number in range(12):
            self.api.add(f"C{number:02}-USD", seed=0, size=21)
        self.open_with_picture("C00-USD")
        self.browser.run("const filter = document.getElementById('filter'); filter.value = 'c1'; filter.dispatchEvent(new Event('input'))")
        shown = "return [...document.querySelectorAll('#cards > li')].filter(item => item.checkVisibility()).map(item => item.innerText.slice(0, 3))"
        self.assertEqual(self.browser.run(shown), ["C10", "C11"])

    def test_the_five_images_are_linked_as_files(self):
        self.open_three()
        links = self.browser.run("return [...document.querySelectorAll('#raw a')].map(link => link.getAttribute('href'))")
        self.assertEqual(links, [f"api/gaf/image.png?product=BTC-USD&kind={kind}" for kind in (
            "orderbook", "buy", "sell", "midpoint-summation", "midpoint-difference")])
        for address in ("api/docs/", "metrics", "api/openapi.json"):
            self.assertTrue(self.browser.run("return !!document.querySelector(`a[href='${arguments[0]}']`)", address), address)


if __name__ == "__main__":
    unittest.main()
