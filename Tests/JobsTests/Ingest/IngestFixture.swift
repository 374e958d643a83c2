import Exchanges
import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

/// A database, a lake and a scripted venue, and what tests ask of them.
final class IngestFixture: Sendable {
    let database: TestDatabase
    let market: ScriptedMarket
    let directory: String
    let stop = Stop()
    private let isOwner: Bool

    init() throws {
        isOwner = true
        database = try TestPostgres.database()
        market = try ScriptedMarket()
        directory = try Free.directory()
    }

    /// The same for another program, with a stop of its own; the first one cleans up.
    init(database: TestDatabase, market: ScriptedMarket, directory: String) throws {
        self.database = database
        self.market = market
        self.directory = directory
        isOwner = false
    }

    deinit { if isOwner { try? FileManager.default.removeItem(atPath: directory) } }

    var lakeURL: String { "file://\(directory)/lake" }

    /// For the program itself.
    var environment: [String: String] {
        database.environment(as: "test_worker").merging(["LAKE_URL": lakeURL, "BINANCE_URL": market.server.url]) { $1 }
    }

    func connect() throws -> Connection { try database.connect(as: "test_worker") }

    func settings(_ sites: [VenueSite]? = nil, lake: String? = nil, timeout: Duration = .seconds(2), patience: Duration = .seconds(30))
        throws
        -> IngestSettings
    {
        IngestSettings(
            venues: sites ?? [market.site, market.elsewhere], lake: try LakeLocation(url: lake ?? lakeURL), timeout: timeout,
            patience: patience)
    }

    func track(_ symbols: String..., venue: String = "binance", minutes: Int64? = nil, intervals: [KlineInterval] = [.minute]) throws {
        let repository = TrackedSymbolRepository(try connect())
        for symbol in symbols {
            let since = minutes.map { Date(milliseconds: Self.minute(-$0)) }
            _ = try repository.track(venue, Pair(symbol), TrackingChanges(intervals: intervals, since: since))
        }
    }

    @discardableResult
    func run(_ job: some BatchJob, log: Log = .silent) throws -> JobCounts {
        let ending = try BatchRun(log: log, stop: stop) { [database] () throws(PostgresError) in
            try Connection(database.options(as: "test_worker"))
        }.run(job)
        guard case .succeeded(let counts) = ending else { throw UnexpectedEnding(ending: ending) }
        return counts
    }

    struct UnexpectedEnding: Error {
        let ending: BatchRun.Ending
    }

    /// Opening of the minute so many before the one that is open, in milliseconds.
    static func minute(_ offset: Int64) -> Int64 {
        KlineInterval.minute.open(at: Date().milliseconds) + offset * 60_000
    }

    /// Where the extraction of minutes stands, in milliseconds.
    func standing(_ symbol: String = "BTC-USDT", venue: String = "binance") throws -> Int64? {
        let key = ExtractionKey(venue, symbol, .klines, .minute)
        return try ExtractionRepository(connect()).standings(.klines)[key]?.milliseconds
    }

    /// Failures in a row and the last error of an extraction.
    func trouble(_ symbol: String = "BTC-USDT", venue: String = "binance") throws -> (failures: Int, error: String) {
        let rows = try connect().query(
            "SELECT failures, coalesce(last_error, '') FROM crypto_gaf.extraction_metadata WHERE exchange = \(venue) AND symbol = \(symbol)"
        )
        guard let row = rows.first else { return (0, "") }
        return (try row.int(0), try row.text(1))
    }

    /// What lies in the lake, in the order of the keys, each checked to the last byte.
    func objects() throws -> [RawObject] {
        let store = try LakeLocation(url: lakeURL).open()
        return try store.allKeys().map { try RawObject(decoding: store.get($0), key: $0) }
    }

    func recordedKeys() throws -> [String] {
        try connect().query("SELECT object_key FROM crypto_gaf.raw_objects ORDER BY object_key COLLATE \"C\"").map { try $0.text(0) }
    }

    func lakeKeys() throws -> [String] { try LakeLocation(url: lakeURL).open().allKeys() }
}

extension IngestFixture {
    /// Waits until nobody holds a lock: the session of a program that was killed may outlive it by a moment.
    func locksAreFree() throws -> Bool {
        try eventually {
            try connect().query(
                """
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            ).one().int(0) == 0
        }
    }

    /// Candles, ledger and days before a time, without when they were received, asked for and counted.
    func tables(before time: Date = .distantFuture) throws -> [String] {
        try connect().query(
            """
            SELECT concat_ws(' ', 'candle', symbol, interval_code, open_time, open, high, low, close, volume) AS line
            FROM crypto_gaf.fact_klines WHERE open_time < \(time)::timestamptz
            UNION ALL
            SELECT concat_ws(' ', 'missing', symbol, interval_code, first_open, last_open, candles, state, reason, final)
            FROM crypto_gaf.missing_klines WHERE last_open < \(time)::timestamptz
            UNION ALL
            SELECT concat_ws(' ', 'day', symbol, interval_code, day, expected, present, absent, lost, unexplained)
            FROM crypto_gaf.coverage WHERE day < date_trunc('day', \(time)::timestamptz, 'UTC')::date
            ORDER BY line
            """
        ).map { try $0.text(0) }
    }

    /// The program, killed anywhere from its start to the end of its work.
    func kill(_ words: [String], afterRequests requests: Int) throws {
        let before = market.server.requests.count
        let program = try Program.start(words, environment: environment)
        _ = eventually(within: .seconds(5)) { market.server.requests.count - before >= requests || !program.isRunning }
        usleep(.random(in: 0...100_000))
        program.signal(SIGKILL)
        _ = program.wait()
    }
}
