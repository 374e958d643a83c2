import Exchanges
import Foundation
import Jobs
import Lake
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

/// Who is asked where a venue's limit does not allow all in one run.
@Suite struct IngestTurnTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    private func run(_ channel: Channel) throws {
        // Time has passed, and the bucket is full.
        try fixture.connect().execute("DELETE FROM crypto_gaf.venue_budgets")
        let settings = try fixture.settings([VenueSite(Tight.self, baseURL: fixture.market.server.url)])
        switch channel {
        case .klines: try fixture.run(IngestKlines(settings))
        case .depth: try fixture.run(IngestDepth(settings))
        case .tickers: try fixture.run(IngestTickers(settings))
        }
    }

    private func asked(_ channel: Channel) -> [String] {
        let path =
            switch channel {
            case .klines: "klines"
            case .depth: "depth"
            case .tickers: "ticker/24hr"
            }
        return fixture.market.requests(path).compactMap { $0.query["symbol"] }
    }

    @Test(
        "where seven of twenty can be asked in a run, three runs ask them all, whatever the venue says of the first ones",
        arguments: [Channel.klines, .depth, .tickers])
    func turns(channel: Channel) throws {
        for number in 10..<30 { try fixture.track("C\(number)-USDT", venue: Tight.name, minutes: 5) }
        for number in 10..<17 { fixture.market.delist("C\(number)USDT") }
        var seen: [Int] = []
        for _ in 0..<3 {
            try run(channel)
            seen.append(Set(asked(channel)).count)
        }
        #expect(seen == [7, 14, 20])
        #expect(try Set(fixture.objects().map(\.symbol)).count == 20)
        // A new one is next, and then who was asked longest ago; which of the first seven that is depends on the answers' order.
        try fixture.track("A-USDT", "Z-USDT", venue: Tight.name, minutes: 5)
        let before = asked(channel).count
        try run(channel)
        #expect(Set(asked(channel).dropFirst(before)).isSuperset(of: ["AUSDT", "ZUSDT"]))
    }

    @Test("who was asked and told to wait has had its turn")
    func paused() throws {
        for number in 10..<30 { try fixture.track("C\(number)-USDT", venue: Tight.name, minutes: 5) }
        fixture.market.fault { $0.query["symbol"] == "C10USDT" ? .json("{}", status: 429, [("Retry-After", "3600")]) : nil }
        try run(.depth)
        #expect(asked(.depth).contains("C10USDT"))
        let before = asked(.depth).count
        try run(.depth)
        let next = asked(.depth).dropFirst(before)
        #expect(!next.isEmpty && !next.contains("C10USDT"), "\(next)")
    }
}
