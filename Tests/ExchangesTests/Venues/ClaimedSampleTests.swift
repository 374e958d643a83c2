import Curl
import Foundation
import Market
import TestSupport
import Testing

@testable import Exchanges

/// That no recorded answer of a venue lies there unread: each goes through the parser of what it is.
@Suite("Every recorded answer", Sample.present)
struct ClaimedSampleTests {
    enum Kind { case candles, depth, tickers, trades, markets, time, averagePrice, refusal }

    /// By the beginning of a file's name; the longest that fits.
    static let kinds: [(prefix: String, kind: Kind)] = [
        ("klines_", .candles), ("kline_", .candles), ("candles_", .candles), ("candlesticks_", .candles), ("ohlc_", .candles),
        ("adv_candles_", .candles), ("depth_", .depth), ("order_book_", .depth), ("orderbook_", .depth), ("docs_orderbook", .depth),
        ("book_", .depth), ("books_", .depth), ("ticker_bookticker_", .depth), ("adv_product_book_", .depth), ("ticker_", .tickers),
        ("tickers_", .tickers), ("docs_tickers", .tickers), ("docs_alltickers", .tickers), ("docs_stats", .tickers), ("stats_", .tickers),
        ("ws_tickers_", .tickers), ("pubticker_", .tickers), ("v2_ticker_", .tickers), ("adv_ticker_", .tickers), ("trades_", .trades),
        ("aggtrades_", .trades), ("historicaltrades_", .trades), ("docs_recent_trade", .trades), ("docs_histories", .trades),
        ("transactions_", .trades), ("exchangeinfo_", .markets), ("products_", .markets), ("product_", .markets), ("assetpairs_", .markets),
        ("symbol_details_", .markets), ("adv_products_", .markets), ("time_", .time), ("avgprice_", .averagePrice),
        ("pubticker_bad_symbol", .refusal),
    ]

    private static func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Shared.path("data/venues/\(folder)")).sorted()
    }

    @Test("of a venue is read by it, every row of it")
    func venues() throws {
        for venue in Venues.all {
            let folder = Sample.folder(of: venue.name)
            for file in try Self.files(folder) where !file.hasSuffix(".headers.txt") {
                let kind = Self.kinds.filter { file.hasPrefix($0.prefix) }.max { $0.prefix.count < $1.prefix.count }?.kind
                guard let kind else {
                    Issue.record("nobody reads \(folder)/\(file)")
                    continue
                }
                let (rows, rejected) = try read(Sample.body("\(folder)/\(file)"), as: kind, by: venue)
                // The vendor's example has swaps only.
                #expect((rows > 0 || file == "docs_tickers.json" && venue.name == "okx") && rejected == 0, "\(folder)/\(file)")
            }
        }
    }

    @Test("that ccxt has parsed, too, is read by its venue")
    func ccxt() throws {
        let kinds: [String: Kind] = ["ticker": .tickers, "trades": .trades, "orderbook": .depth, "ohlcv": .candles]
        let files = try Self.files("ccxt")
        for file in files where file.hasSuffix(".body.json") {
            let name = String(file.dropLast(".body.json".count))
            let parts = name.split(separator: "_").map(String.init)
            let (venue, kind) = (try #require(Venues.named(parts[0]), "\(file)"), try #require(kinds[parts[1]], "\(file)"))
            let (rows, rejected) = try read(Sample.body("ccxt/\(file)"), as: kind, by: venue)
            #expect(rows > 0 && rejected == 0 && files.contains("\(name).parsed.json"), "\(file)")
        }
        #expect(files.allSatisfy { $0.hasSuffix(".body.json") || $0.hasSuffix(".parsed.json") })
    }

    @Test("that says no is a refusal of its venue")
    func errors() throws {
        // A source of quotes, and no venue.
        for file in try Self.files("errors") where !file.hasPrefix("coingecko_") {
            let parts = file.prefix { $0 != "." }.split(separator: "_").map(String.init)
            let venue = try #require(Venues.named(parts[0]), "\(file)")
            // Where the name tells no status, the venue gives 200 or 400.
            let status = Int(parts[1]) ?? (venue.name == "kraken" ? 200 : 400)
            #expect(venue.refusal(Response(status: status, body: try Sample.body("errors/\(file)"))) != nil, "\(file)")
        }
    }

    @Test("lies in a folder that somebody reads")
    func folders() throws {
        let known = Set(Venues.all.map { Sample.folder(of: $0.name) }).union(["ccxt", "errors"])
        #expect(try Set(Self.files("")) == known)
    }

    private func read(_ body: [UInt8], as kind: Kind, by venue: any Venue.Type) throws -> (rows: Int, rejected: Int) {
        switch kind {
        case .candles:
            return Self.counts(try ofItsMarket { pair throws(AnswerError) in try venue.candles(body, of: pair, interval: .minute) })
        case .depth:
            let depth = try ofItsMarket { pair throws(AnswerError) in try venue.depth(body, of: pair) }
            return (min(depth.bids.count, depth.asks.count), depth.rejected.count)
        case .tickers:
            let counts = [nil, "BTC-USD", "BTC-USDT", "ETH-BTC"].lazy.compactMap { market in
                try? Self.counts(venue.tickers(body, of: market.map(pair)))
            }
            return counts.first { $0.rows > 0 } ?? counts.first ?? (0, 0)
        case .trades: return Self.counts(try venue.trades(body))
        case .markets: return Self.counts(try venue.markets(body))
        case .time: return (try venue.time(body) > 0 ? 1 : 0, 0)
        case .averagePrice: return (try Binance.averagePrice(body).price.isPositive ? 1 : 0, 0)
        case .refusal: return (venue.refusal(Response(status: 400, body: body)) == nil ? 0 : 1, 0)
        }
    }

    /// What is read of an answer that may name its market, whichever that is.
    private func ofItsMarket<R>(_ read: (Pair) throws(AnswerError) -> R) throws(AnswerError) -> R {
        for market in ["BTC-USDT", "ETH-BTC"] {
            do throws(AnswerError) {
                return try read(pair(market))
            } catch {
                guard error.fault == .otherMarket else { throw error }
            }
        }
        return try read(pair("BTC-USD"))
    }

    private static func counts<Row>(_ parsed: ParsedRows<Row>) -> (rows: Int, rejected: Int) { (parsed.rows.count, parsed.rejected.count) }
}
