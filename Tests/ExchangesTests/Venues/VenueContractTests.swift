import Curl
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

    @Test("asks for every interval it offers and for none else, and never for more than a page", arguments: names)
    func questions(name: String) throws {
        let venue = try venue(name)
        let pair = try Pair("BTC-USDT")
        for interval in KlineInterval.allCases {
            let newest = venue.request(.candles(pair, interval, from: nil, to: nil), baseURL: venue.publicURL)
            #expect((newest != nil) == venue.offer.intervals.contains(interval))
            #expect(newest?.url.hasPrefix(venue.publicURL) ?? true)
        }
        #expect(venue.offer.intervals.contains(.minute) && venue.offer.candlesPerPage >= 100)
        #expect((venue.request(.tickers(nil), baseURL: "") != nil) == venue.offer.hasAllTickers)
        for question in [VenueQuestion.depth(pair, levels: 50), .tickers(pair), .trades(pair), .markets, .time] {
            #expect(venue.offer.weight(question) <= venue.offer.rateLimit.burst, "\(question)")
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
            // Where one row may come without its array, an object is a row.
            let isRow: Set<String> = text.hasPrefix("{") ? ["tickers", venue.name == "coinbase" ? "markets" : ""] : []
            for (channel, fault) in faults(of: venue, text) where !isRow.contains(channel) {
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
            ("candles", fault { () throws(AnswerError) in _ = try venue.candles(body, interval: .minute) }),
            ("depth", fault { () throws(AnswerError) in _ = try venue.depth(body) }),
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
            (429, .rateLimited), (418, .rateLimited), (500, .down), (502, .down), (503, .down), (400, .rejected),
        ]
        for (status, code) in codes {
            for text in ["", "<html>", "[]"] {
                let refusal = venue.refusal(Response(text, status: status, [Header("retry-after", "7")]))
                #expect(refusal?.code == code && refusal?.retryAfter == .seconds(7), "\(status) \(text)")
            }
        }
        #expect(venue.refusal(Response("<html>", status: 200)) == nil)
    }
}
