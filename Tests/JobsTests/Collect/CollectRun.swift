import Exchanges
import Foundation
import Jobs
import Postgres
import Runtime
import Synchronization
import TestSupport
import Testing

/// `collect` on a thread of this process, and what it logged.
final class CollectRun {
    let stop = Stop()
    private let outcome: Outcome
    private var thread: Runtime.Thread?

    private final class Outcome: Sendable {
        let lines = Mutex<[String]>([])
        let error = Mutex<(any Error)?>(nil)
    }

    convenience init(_ venue: ScriptedVenue, _ database: ConnectionOptions, _ configure: (inout CollectOptions) -> Void = { _ in }) {
        self.init(venue.server.url, database, configure)
    }

    init(_ venue: String, _ database: ConnectionOptions, _ configure: (inout CollectOptions) -> Void) {
        var options = CollectOptions(
            interval: .milliseconds(100), timeout: .seconds(2), feeds: [CoinbaseLocal(baseURL: venue)], postgres: database
        )
        options.refreshInterval = .milliseconds(200)
        configure(&options)
        let outcome = Outcome()
        self.outcome = outcome
        thread = Runtime.Thread { [options, stop] in
            let log = Log(format: .json, write: { line in outcome.lines.withLock { $0.append(line) } })
            do {
                try Collect.run(options, log: log, stop: stop)
            } catch {
                outcome.error.withLock { $0 = error }
            }
        }
    }

    deinit { stop.request() }

    var log: [String] { outcome.lines.withLock { $0 } }

    func logged(_ event: String) -> [String] { log.filter { $0.contains("\"event\":\"\(event)\"") } }

    /// Stops it, waits for its end, and throws what it threw.
    func end() throws {
        stop.request()
        try join()
    }

    /// Waits for an end that comes by itself.
    func join() throws {
        thread.take()?.join()
        if let error = outcome.error.withLock({ $0 }) { throw error }
    }
}

/// What tests ask the database.
struct CollectedRows {
    let connection: Connection

    init(_ database: ConnectionOptions) throws { connection = try Connection(database) }

    func add(_ products: String..., maxSize: Int = 100_000) throws {
        for product in products {
            try connection.execute("INSERT INTO crypto_gaf.gafs (product, max_size) VALUES (\(product), \(maxSize))")
        }
    }

    func count(_ product: String) throws -> Int {
        try connection.query("SELECT count(*) FROM crypto_gaf.samples WHERE product = \(product)").one().int(0)
    }

    /// Trades counted in all samples, checked against each sample's own last trade.
    func trades(_ product: String) throws -> (counted: Int, first: Int, last: Int) {
        let row = try connection.query(
            """
            SELECT coalesce(sum(buys[3] + sells[3]), 0)::bigint, coalesce(min(last_trade), 0), coalesce(max(last_trade), 0)
            FROM crypto_gaf.samples WHERE product = \(product)
            """
        ).one()
        return (try row.int(0), try row.int(1), try row.int(2))
    }

    /// No trade twice, none skipped: what the samples counted is what lies between the first sample's last trade and the newest.
    func expectEveryTradeOnce(_ product: String, at place: SourceLocation = #_sourceLocation) throws {
        let (counted, first, last) = try trades(product)
        try #require(last > first, "\(product) has no trades", sourceLocation: place)
        #expect(counted == last - first, "\(product): \(counted) counted between \(first) and \(last)", sourceLocation: place)
        let odd = try connection.query(
            "SELECT sum(buys[3])::bigint, sum(sells[3])::bigint FROM crypto_gaf.samples WHERE product = \(product)"
        ).one()
        let buys = (first + 1...last).filter { $0 % 2 == 1 }.count
        #expect(try odd.int(0) == buys && odd.int(1) == last - first - buys, sourceLocation: place)
    }

    /// Seconds from one sample to the next.
    func medianGap(_ product: String) throws -> Double {
        try connection.query(
            """
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) FROM (
                SELECT extract(epoch FROM sampled_at - lag(sampled_at) OVER (ORDER BY sample_id)) AS gap
                FROM crypto_gaf.samples WHERE product = \(product)) gaps
            """
        ).one().double(0)
    }

    func feed(_ product: String) throws -> (source: String?, gaps: Int, failures: Int, lastError: String?) {
        guard
            let row = try connection.query(
                "SELECT source, gaps, failures, last_error FROM crypto_gaf.feeds WHERE product = \(product)"
            ).oneOrNil()
        else { return (nil, 0, 0, nil) }
        return (try row.textOrNil(0), try row.int(1), try row.int(2), try row.textOrNil(3))
    }
}
