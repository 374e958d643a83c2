import Curl
import Foundation
import Market
import Testing

@testable import Exchanges

/// What every venue owes its callers.
@Suite("Every venue")
struct VenueContractTests {
    static let names = Venues.all.map { $0.name }

    private func venue(_ name: String) throws -> any Venue.Type { try #require(Venues.named(name)) }

    @Test("is found by its name, which is plain and its own")
    func registry() {
        #expect(Set(Self.names).count == Self.names.count)
        #expect(Self.names.allSatisfy { $0.allSatisfy { $0.isLowercase || $0.isNumber } })
        #expect(Venues.named("nowhere") == nil)
    }

    @Test("names a pair so that it knows it again", arguments: names)
    func symbols(name: String) throws {
        let venue = try venue(name)
        for text in ["BTC-USD", "BTC-USDT", "ETH-BTC", "DOGE-USDT", "1INCH-USDT", "USDC-USDT", "ETH-EUR", "SOL-USDC"] {
            let pair = try Pair(text)
            // Binance has no dollars, so this name would be another pair's there.
            guard venue.name != "binance" || pair.quote != "USD" else { continue }
            #expect(venue.pair(of: venue.symbol(of: pair)) == pair)
        }
        #expect(venue.pair(of: "") == nil && venue.pair(of: "?") == nil && venue.pair(of: "-") == nil)
    }

    @Test("asks for every interval it offers and for none else", arguments: names)
    func intervals(name: String) throws {
        let venue = try venue(name)
        for interval in KlineInterval.allCases {
            let newest = venue.request(.candles(pair("BTC-USDT"), interval, from: nil, to: nil), baseURL: venue.publicURL)
            #expect((newest != nil) == venue.offer.intervals.contains(interval))
            #expect(newest?.url.hasPrefix(venue.publicURL) ?? true)
        }
        #expect(venue.offer.intervals.contains(.minute) && venue.offer.candlesPerPage >= 100)
    }

    @Test(
        "asks for a page of candles that begins where it should, never for more, and never so that some of it is cut off", arguments: names)
    func pages(name: String) throws {
        let venue = try venue(name)
        for interval in venue.offer.intervals {
            let from = interval.open(at: 1_700_000_000_000)
            let last = venue.offer.lastOpening(from: from, interval)
            let page = try asked(venue, interval, from: from, to: last)
            let open = try asked(venue, interval, from: from, to: nil)
            // These answer with the newest, whatever the range: Kraken with what follows a time, Gemini with all there is.
            if name != "gemini" { #expect(page.first == from && open.first == from, "\(interval)") }
            if !["kraken", "gemini"].contains(name) { #expect(page.last == last, "\(interval)") }
            #expect(open.last == nil || open.last == last, "\(interval)")
            #expect(page.limit == nil || page.limit == venue.offer.candlesPerPage, "\(interval)")
            // What is newest OKX tells more of at once.
            #expect(open.limit == nil || open.limit == (name == "okx" ? 300 : venue.offer.candlesPerPage), "\(interval)")
        }
    }

    @Test("asks for as many levels of a book as it says it tells at most, and for no more", arguments: names)
    func depth(name: String) throws {
        let venue = try venue(name)
        func url(_ levels: Int) -> String? { venue.request(.depth(pair("BTC-USDT"), levels: levels), baseURL: venue.publicURL)?.url }
        // Of the whole book nobody says how much of it.
        guard !["bitstamp", "coinbase"].contains(name) else { return #expect(venue.offer.depthLimit == nil && url(50) == url(5000)) }
        let limit = venue.offer.depthLimit ?? 5000
        #expect(url(limit)?.split { !$0.isNumber }.contains("\(limit)") == true)
        #expect((url(limit + 1) == url(limit)) == (venue.offer.depthLimit != nil))
    }

    /// The first and the last opening within the range of a request, and its limit; nil where it has none.
    private func asked(
        _ venue: any Venue.Type, _ interval: KlineInterval, from: Int64, to: Int64?
    ) throws -> (first: Int64?, last: Int64?, limit: Int?) {
        let request = venue.request(.candles(pair("BTC-USDT"), interval, from: from, to: to), baseURL: venue.publicURL)
        let items = URLComponents(string: try #require(request).url)?.queryItems ?? []
        func value(_ names: Set<String>) -> Int64? { items.first { names.contains($0.name) }?.value.flatMap { Int64($0) } }
        // Seconds or milliseconds.
        func time(_ names: Set<String>) -> Int64? { value(names).map { $0 < 100_000_000_000 ? $0 * 1000 : $0 } }
        let start = time(["start", "from", "startTime", "startAt", "before", "since"])
        let end = time(["end", "to", "endTime", "endAt", "after"])
        let first = start.map { interval.isOpening($0) ? $0 : interval.open(at: $0) + interval.milliseconds }
        return (first, end.map { interval.open(at: $0) }, value(["limit", "count"]).map { Int($0) })
    }

    @Test("has no question that its limit never lets through at once", arguments: names)
    func weights(name: String) throws {
        let offer = try venue(name).offer
        let pair = try Pair("BTC-USDT")
        let candles = offer.intervals.flatMap { interval in
            let ranges: [(Int64?, Int64?)] = [(nil, nil), (0, nil), (0, offer.lastOpening(from: 0, interval))]
            return ranges.map { VenueQuestion.candles(pair, interval, from: $0.0, to: $0.1) }
        }
        let others = [1, 20, 50, 1000, 5000].map { VenueQuestion.depth(pair, levels: $0) }
        for question in candles + others + [.tickers(nil), .tickers(pair), .trades(pair), .markets, .time] {
            #expect((1...offer.rateLimit.burst).contains(offer.weight(question)), "\(question)")
        }
    }

    /// What each publishes: so many tokens in so many seconds.
    static let published: [String: [(count: Double, seconds: Double)]] = [
        "coinbase": [(15, 1)], "binance": [(6000, 60), (61_000, 300)], "kraken": [(1, 1)], "okx": [(40, 2)], "bybit": [(600, 5)],
        "gateio": [(200, 10)], "kucoin": [(2000, 30)], "bitstamp": [(400, 1), (10_000, 600)], "gemini": [(120, 60)],
        "coinbaseadvanced": [(10, 1)],
    ]

    @Test("declares no more than the venue lets through, at once and in any window", arguments: names)
    func limits(name: String) throws {
        let limit = try venue(name).offer.rateLimit
        let windows = try #require(Self.published[name])
        for (count, seconds) in windows {
            #expect(Double(limit.burst) <= count, "at once, of \(count) in \(seconds) s")
            // A bucket as large as a second's limit is a little over that in some second.
            guard seconds > 1 || count > 15 else { continue }
            #expect(Double(limit.burst) + limit.perSecond * seconds <= count + 1e-6, "in \(seconds) s")
        }
    }

    @Test("calls what is not JSON unreadable", arguments: names)
    func unreadable(name: String) throws {
        let venue = try venue(name)
        for text in [
            "", "<html><body>502 Bad Gateway</body></html>", "[[1700000040000,\"10.5", "{\"error\":[],\"result\":{", "[]]", "\u{1f}\u{8b}",
        ] {
            for (channel, fault) in faults(of: venue, text) { #expect(fault == .unreadable, "\(channel) \(text)") }
        }
    }

    @Test("calls JSON of another shape a changed API", arguments: names)
    func changedShape(name: String) throws {
        let venue = try venue(name)
        for text in ["null", "\"maintenance\"", "[1,2]", "{\"rows\":[]}", "{\"data\":\"x\",\"result\":\"x\",\"symbols\":\"x\"}"] {
            for (channel, fault) in faults(of: venue, text) {
                // Of one market these tell without an array: there an object is a row.
                if channel == "markets", ["coinbase", "gemini"].contains(venue.name), text.hasPrefix("{") { continue }
                #expect(fault == .changedShape, "\(channel) \(text)")
            }
        }
    }

    /// Nil: it was taken.
    private func faults(of venue: any Venue.Type, _ text: String) -> [(String, AnswerError.Fault?)] {
        let body = Array(text.utf8)
        func fault(_ read: () throws(AnswerError) -> Void) -> AnswerError.Fault? {
            do throws(AnswerError) { try read() } catch { return error.fault }
            return nil
        }
        return [
            ("candles", fault { () throws(AnswerError) in _ = try venue.candles(body, of: pair("BTC-USDT"), interval: .minute) }),
            ("depth", fault { () throws(AnswerError) in _ = try venue.depth(body, of: pair("BTC-USDT")) }),
            ("tickers", fault { () throws(AnswerError) in _ = try venue.tickers(body, of: nil) }),
            ("trades", fault { () throws(AnswerError) in _ = try venue.trades(body) }),
            ("markets", fault { () throws(AnswerError) in _ = try venue.markets(body) }),
            ("time", fault { () throws(AnswerError) in _ = try venue.time(body) }),
        ]
    }

    @Test("knows what a bare status means, and how long to wait", arguments: names)
    func statuses(name: String) throws {
        let venue = try venue(name)
        let codes: [(Int, VenueError.Code)] = [
            (429, .rateLimited), (418, .rateLimited), (500, .down), (502, .down), (503, .down), (408, .down), (425, .down),
            (403, .rateLimited), (302, .denied), (400, .denied), (401, .denied), (451, .denied),
        ]
        for (status, code) in codes {
            for text in ["", "<html>", "[]"] {
                let refusal = venue.refusal(Response(text, status: status, [Header("retry-after", "7")]))
                #expect(refusal?.code == code && refusal?.retryAfter == .seconds(7), "\(status) \(text)")
            }
        }
        #expect(venue.refusal(Response("<html>no", status: 403))?.code == .denied, "it does not say for how long")
        #expect(venue.refusal(Response("<html>", status: 200)) == nil)
    }
}
