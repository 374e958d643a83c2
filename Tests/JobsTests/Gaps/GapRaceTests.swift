import Foundation
import Jobs
import Market
import Postgres
import Synchronization
import TestSupport
import Testing
import Warehouse

/// Two runs that account for one series, the second from its beginning to its end while the first one waits for an answer.
@Suite struct GapRaceTests {
    private let fixture: IngestFixture
    private let series: KlineSeries
    private let minute = KlineInterval.minute.milliseconds

    init() throws {
        fixture = try IngestFixture()
        series = try KlineSeries("binance", Pair("BTC-USDT"), .minute)
    }

    private final class Turn: Sendable {
        private enum State { case before, during, after }
        private let state = Mutex(State.before)

        var isDuring: Bool { state.withLock { $0 == .during } }

        /// The first time around.
        func once(_ work: () -> Void) {
            let isFirst = state.withLock { state in
                defer { if state == .before { state = .during } }
                return state == .before
            }
            guard isFirst else { return }
            work()
            state.withLock { $0 = .after }
        }
    }

    /// A backfill, and `fill-gaps` while it waits for its first candles.
    ///
    /// - Parameter refuses: what `fill-gaps` asks for.
    private func backfill(_ range: Range<Int64>, refuses: Bool) throws {
        let turn = Turn()
        fixture.market.fault { [fixture] request in
            guard request.path == "/api/v3/klines" else { return nil }
            if turn.isDuring { return refuses ? .json(#"{"code":-1121,"msg":"Invalid symbol."}"#, status: 400) : nil }
            turn.once { #expect(throws: Never.self) { try fixture.run(FillGaps(fixture.settings())) } }
            return nil
        }
        try fixture.run(VenueBackfill(fixture.settings(timeout: .seconds(60), patience: .seconds(120)), series, range))
    }

    /// Of each day: expected, present, absent, lost by the sums; then absent and lost by the ledger.
    private func days() throws -> [String] {
        try fixture.connect().query(
            """
            SELECT concat_ws(' ', c.expected, c.present, c.absent, c.lost, '/', coalesce(sum(m.candles) FILTER (WHERE state = 'absent'), 0),
                coalesce(sum(m.candles) FILTER (WHERE state = 'lost'), 0))
            FROM crypto_gaf.coverage c LEFT JOIN crypto_gaf.missing_klines m
                ON (m.exchange, m.symbol, m.interval_code) = (c.exchange, c.symbol, c.interval_code)
                AND (m.first_open AT TIME ZONE 'UTC')::date = c.day
            GROUP BY c.day, c.expected, c.present, c.absent, c.lost ORDER BY c.day
            """
        ).map { try $0.text(0) }
    }

    @Test("what one has loaded is not lost because the other got no answer, and the ledger says the same as its sums")
    func loadedMeanwhile() throws {
        let day = IngestFixture.minute(0) / 86_400_000 * 86_400_000 - 86_400_000
        _ = try TrackedSymbolRepository(fixture.connect()).track("binance", series.pair, TrackingChanges(since: Date(milliseconds: day)))
        try backfill(day..<IngestFixture.minute(0), refuses: true)
        let days = try days()
        #expect(days.first == "1440 1440 0 0 / 0 0" && days.allSatisfy { $0.hasSuffix(" 0 0 / 0 0") }, "\(days)")
    }

    @Test("a few hours do not take the place of the whole day that the other accounted for meanwhile")
    func wholeDayMeanwhile() throws {
        let day = IngestFixture.minute(0) / 86_400_000 * 86_400_000 - 3 * 86_400_000
        fixture.market.setHoles([day + 100 * minute, day + 700 * minute])
        // From its second hour on.
        _ = try TrackedSymbolRepository(fixture.connect()).track(
            "binance", series.pair, TrackingChanges(since: Date(milliseconds: day + 60 * minute)))
        try backfill((day + 80 * minute)..<(day + 120 * minute), refuses: false)
        let days = try days()
        #expect(days.first == "1380 1378 2 0 / 2 0" && days.dropFirst().first == "1440 1440 0 0 / 0 0", "\(days)")
        // Nobody was asked twice by one run.
        #expect(try fixture.connect().query("SELECT FROM crypto_gaf.missing_klines WHERE final").isEmpty)
    }
}
