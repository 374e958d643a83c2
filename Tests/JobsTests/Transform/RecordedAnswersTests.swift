import Foundation
import Jobs
import Lake
import Market
import Postgres
import TestSupport
import Testing

/// What venues once answered, through bronze to gold.
@Suite(.enabled(if: Shared.isPresent, "skipped: no ../shared")) struct RecordedAnswersTests {
    /// Long after the newest of them.
    private static let receivedAt = Date(timeIntervalSince1970: 1_790_000_000)

    private func put(_ file: String, _ symbol: String, _ channel: String, _ interval: String? = nil, into fixture: TransformFixture) throws
    {
        let object = RawObject(
            exchange: String(file.prefix { $0 != "/" }), symbol: symbol, channel: channel, interval: interval,
            url: "https://venue.test/\(file)", requestedAt: Self.receivedAt, receivedAt: Self.receivedAt, status: 200,
            body: Array(try Shared.data("data/venues/\(file)")))
        try fixture.put(object)
    }

    @Test("Binance's recorded hours make one series, but for the three hours that Binance itself lacks")
    func hole() throws {
        let fixture = try TransformFixture()
        for page in ["page1_btcusdt_202005", "page2_btcusdt_202006"] {
            try put("binance/klines_1h_\(page).json", "BTC-USDT", "klines", "1h", into: fixture)
        }
        let counts = try fixture.transform()
        let rows = counts["rows_read"] ?? 0
        #expect(counts["rows_inserted"]! + counts["rows_duplicate"]! == rows && counts["rows_rejected"] == 0)
        let gaps = try fixture.texts(
            """
            SELECT open_time || ' after ' || previous FROM (
                SELECT open_time, lag(open_time) OVER (ORDER BY open_time) AS previous FROM crypto_gaf.fact_klines) AS candles
            WHERE open_time - previous <> '1 hour'
            """)
        #expect(gaps == ["2020-06-28 05:00:00+00 after 2020-06-28 01:00:00+00"])
    }

    @Test(
        "every closed candle that a venue recorded arrives, of every interval",
        arguments: [
            ("binance/klines_1d_2019_end_inclusive_btcusdt.json", "1d", 366),
            ("binance/klines_1m_unaligned_range_btcusdt_202005.json", "1m", 60),
            ("binance/klines_5m_limit24_btcusdt_202004.json", "5m", 24), ("binance/klines_1h_page1_btcusdt_202005.json", "1h", 1000),
            ("kraken/ohlc_1m_xbtusd_201708.json", "1m", 720), ("coinbase/candles_1m_btcusd_20180201.first10.json", "1m", 10),
        ])
    func candles(file: String, interval: String, rows: Int) throws {
        let fixture = try TransformFixture()
        try put(file, "BTC-USD", "klines", interval, into: fixture)
        let counts = try fixture.transform()
        #expect(counts["rows_read"] == rows && counts["rows_inserted"] == rows && counts["rows_rejected"] == 0)
        #expect(try fixture.candles() == rows)
        #expect(try fixture.transform(discovers: true)["objects"] == nil)
    }

    @Test("recorded books and tickers arrive level for level and market for market")
    func booksAndTickers() throws {
        let fixture = try TransformFixture()
        try put("binance/depth_limit1000_nknusdt_20211012.json", "NKN-USDT", "depth", into: fixture)
        try put("kraken/depth_xbtusdt_20251111.json", "BTC-USDT", "depth", into: fixture)
        try put("binance/ticker_24hr_all_202410.trimmed.json", RawObject.allSymbols, "tickers", into: fixture)
        let counts = try fixture.transform()
        #expect(counts["rows_rejected"] == 0 && counts["rows_inserted"] == counts["rows_read"])
        struct Book: Decodable {
            let bids: [[String]]
            let asks: [[String]]
        }
        let book = try JSONDecoder().decode(Book.self, from: Shared.data("data/venues/binance/depth_limit1000_nknusdt_20211012.json"))
        #expect(
            try fixture.count("SELECT count(*) FROM crypto_gaf.fact_orderbook WHERE exchange = 'binance'") == book.bids.count
                + book.asks.count)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.fact_orderbook WHERE exchange = 'kraken'") == 10)
        #expect(
            try fixture.texts(
                "SELECT price || ' ' || size FROM crypto_gaf.fact_orderbook WHERE exchange = 'binance' AND side = 'bid' AND level = 1")
                == ["\(WireDecimal(book.bids[0][0])!) \(WireDecimal(book.bids[0][1])!)"])
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.tickers") > 1)
    }
}
