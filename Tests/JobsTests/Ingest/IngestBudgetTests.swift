import Exchanges
import Foundation
import Jobs
import Market
import Postgres
import Synchronization
import TestSupport
import Testing
import Warehouse

/// How several processes share what a venue allows.
@Suite struct IngestBudgetTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    @Test("a pause that one process meets ends the asking of another that is under way")
    func pause() throws {
        for number in 0..<120 { try fixture.track("C\(number)-USDT", minutes: 5) }
        let limited = try ScriptedMarket()
        limited.fault { $0.path == "/api/v3/depth" ? .json("{}", status: 429, [("Retry-After", "3600")]) : nil }
        let other = try IngestFixture(database: fixture.database, market: limited, directory: fixture.directory)
        let asked = Mutex(0)
        let paused = Mutex(false)
        fixture.market.fault { [other] request in
            guard request.path == "/api/v3/klines",
                asked.withLock({
                    $0 += 1
                    return $0
                }) > 20
            else { return nil }
            // The others that are under way wait here until the second process has met its limit.
            paused.withLock { isPaused in
                if !isPaused { _ = try? other.run(IngestDepth(other.settings([limited.site]))) }
                isPaused = true
            }
            return nil
        }
        let counts = try fixture.run(IngestKlines(fixture.settings([fixture.market.site])))
        #expect(limited.requests("depth").count > 0, "the other process met its limit")
        // 20 before, and what was under way then.
        let requests = fixture.market.requests("klines").count
        #expect((21...40).contains(requests), "\(requests)")
        #expect(counts["failed"] == 120 - requests)
        #expect(try fixture.trouble("C119-USDT").error.contains("left alone"))
    }

    @Test("what a venue declares a question to weigh is what it takes from the shared bucket")
    func weights() throws {
        let deep = TrackingChanges(depthLevels: 1000)
        for number in 0..<20 { _ = try TrackedSymbolRepository(fixture.connect()).track("binance", Pair("C\(number)-USDT"), deep) }
        let start = ContinuousClock.now
        try fixture.run(IngestDepth(fixture.settings()))
        let left = try fixture.connect().query("SELECT tokens FROM crypto_gaf.venue_budgets WHERE exchange = 'binance'").one().double(0)
        let limit = Binance.offer.rateLimit
        let spent = Double(20 * Binance.offer.weight(.depth(try Pair("C0-USDT"), levels: 1000)) + Binance.offer.weight(.time))
        #expect(spent == 1001)
        // It began full, and fills meanwhile.
        let lowest = Double(limit.burst) - spent
        #expect(left >= lowest - 1e-6 && left <= lowest + limit.perSecond * (start.duration(to: .now) / .seconds(1)))
    }

    @Test("of a bucket with little in it a process takes what its next questions weigh, and leaves the rest to others")
    func modest() throws {
        for number in 0..<60 { try fixture.track("C\(number)-USDT", minutes: 5) }
        let left = Mutex<Double?>(nil)
        fixture.market.fault { [fixture] request in
            guard request.path == "/api/v3/klines" else { return nil }
            left.withLock { left in
                guard left == nil, let connection = try? fixture.connect() else { return }
                let tokens = try? connection.query("SELECT tokens FROM crypto_gaf.venue_budgets").one().double(0)
                left = tokens ?? 0
            }
            return nil
        }
        try fixture.run(IngestKlines(fixture.settings()))
        let tokens = try #require(left.withLock { $0 })
        // The clock and sixteen pages of candles, of sixty.
        #expect(tokens >= Double(Binance.offer.rateLimit.burst - 1 - 16 * 2))
    }
}
