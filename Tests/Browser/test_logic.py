import unittest

from page_case import PageCase


class LogicTests(PageCase):
    """The page's pure modules, called in the browser with values a person can check."""

    def setUp(self):
        super().setUp()
        self.open()

    def call(self, module, function, *arguments):
        expression = f"(await import('/js/{module}.js')).{function}(...given[0])"
        return self.browser.resolve(expression, list(arguments))

    def table(self, module, function, cases):
        for arguments, expected in cases:
            with self.subTest(function=function, arguments=arguments):
                self.assertEqual(self.call(module, function, *arguments), expected)

    def test_decimals_are_written_out_exactly(self):
        self.table("format", "plainDecimal", [
            (["63214.5550"], "63214.555"), ([3.45e-7], "0.000000345"), (["1.5E+3"], "1500"), (["-0.0100"], "-0.01"), ([0], "0"),
            (["123456789012345678.000000001"], "123456789012345678.000000001"), (["1e400"], None), (["NaN"], None), (["1,5"], None),
            (["1.2abc"], None), ([None], None), ([""], None)])

    def test_prices_have_the_decimals_they_deserve(self):
        self.table("format", "price", [
            (["63214.555"], "63,214.56"), (["1234.5"], "1,234.50"), (["148.225"], "148.2250"), (["0.79065"], "0.790650"),
            (["0.000013455"], "0.0000134550"), ([0], "0.00"), ([None], "–"), (["rubbish"], "–")])

    def test_ages_are_rounded_down(self):
        self.table("format", "ago", [
            ([0.4], "now"), ([1], "1 s ago"), ([99.9], "99 s ago"), ([100], "1 min ago"), ([5999], "99 min ago"), ([6000], "1 h ago"),
            ([48 * 3600], "2 days ago"), ([None], "long ago"), ([-3], "now")])

    def test_symbols_and_quote_currencies_are_taken_from_the_product(self):
        self.table("format", "symbol", [(["kraken:BTC-USD"], "BTC-USD"), (["BTC-USD"], "BTC-USD")])
        self.table("format", "quoteCurrency", [(["kraken:BTC-USD"], "USD"), (["BTC/EUR"], "EUR"), (["BTCUSDT"], "")])

    def test_addresses_are_read_and_written(self):
        self.table("route", "parseRoute", [
            (["#product=BTC-USD"], {"view": "product", "product": "BTC-USD"}), ([""], {"view": "product", "product": None}),
            (["#overview"], {"view": "overview", "product": None}), (["#product="], {"view": "product", "product": None}),
            (["#product=a%26b%20%C3%A9"], {"view": "product", "product": "a&b é"})])
        self.table("route", "productHash", [(["kraken:A&B"], "#product=kraken%3AA%26B")])
        self.table("route", "neighbour", [
            ([["a", "b", "c"], "c", 1], "a"), ([["a", "b", "c"], "a", -1], "c"), ([["a"], "gone", 0], "a"), ([[], "a", 1], None)])

    def test_rows_are_read_without_guessing(self):
        row = {"product": "BTC-USD", "venue": "coinbase", "source": "SYNTHETIC", "midpoint": "1.5", "size": 600, "max_size": "600",
               "samples": 600, "age": 2.5, "redraw_interval": 5, "calculated_at": "2026-11-20T10:00:00Z", "version": 12}
        self.assertEqual(self.call("market", "readMarket", row), {
            "product": "BTC-USD", "venue": "coinbase", "source": "SYNTHETIC", "midpoint": "1.5", "size": 600, "maxSize": 600,
            "samples": 600, "age": 2.5, "redrawSeconds": 5, "calculatedAt": "2026-11-20T10:00:00Z", "version": "12"})
        bare = self.call("market", "readMarket", {"product": "X"})
        self.assertEqual([bare[name] for name in ("source", "midpoint", "maxSize", "samples", "age", "calculatedAt")], [None] * 6)
        for nothing in (None, {}, {"product": 3}, {"product": ""}):
            self.assertIsNone(self.call("market", "readMarket", nothing))

    def test_sources_are_one_of_three_words(self):
        self.table("market", "readSource", [
            (["LIVE"], "LIVE"), (["replay of COINBASE.ws"], "REPLAY"), (["SYNTHETIC coinbase-local"], "SYNTHETIC"), (["other"], None), ([None], None)])

    def test_a_picture_is_stale_after_four_redraws_and_never_before_20_s(self):
        def market(age, redraw):
            return {"calculatedAt": "2026-11-20T10:00:00Z", "size": 600, "age": age, "redrawSeconds": redraw}

        self.table("market", "freshness", [
            ([market(15, 5), 5], "fresh"), ([market(15, 5), 5.1], "stale"), ([market(39, 10), 1], "fresh"), ([market(40, 10), 1], "stale"),
            ([market(19, 1), 0], "fresh"), ([{**market(1, 5), "size": 0}, 0], "waiting"), ([market(None, 5), 0], "stale")])

    def test_waiting_doubles_to_a_quarter_minute_and_obeys_the_server(self):
        self.table("connection", "backoff", [
            ([1, None, 1], 1000), ([1, None, 0], 800), ([3, None, 1], 4000), ([30, None, 1], 15000), ([1, 7, 0.5], 7000), ([1, 9999, 1], 60000)])

    def test_away_since_the_first_failure_in_a_row(self):
        first = self.call("connection", "failed", {"phase": "up", "since": None, "failures": 0}, "no connection", 1000, 50)
        self.assertEqual(first, {"phase": "away", "since": 50, "failures": 1, "reason": "no connection", "retryAt": 1050})
        second = self.call("connection", "failed", first, "no answer in time", 2000, 1100)
        self.assertEqual(second, {"phase": "away", "since": 50, "failures": 2, "reason": "no answer in time", "retryAt": 3100})
        self.assertEqual(self.call("connection", "answered")["failures"], 0)

    def test_an_etag_without_its_kind_is_the_drawing(self):
        self.table("api", "versionOf", [
            (['"12-1605-buy"', "buy"], "12-1605-"), (['W/"12-1605-sell"', "sell"], "12-1605-"), ([None, "buy"], "")])

    def test_the_distance_from_the_centre_is_the_age_in_samples(self):
        self.table("picture", "samplesAgo", [
            ([400, 800, 600], 0), ([0, 800, 600], 599), ([800, 800, 600], 599), ([200, 800, 600], 300), ([402, 800, 600], 3)])
        self.table("picture", "isEnlarged", [([400, 400, 1], True), ([600, 400, 1], False), ([600, 400, 2], True)])


if __name__ == "__main__":
    unittest.main()
