import Digest
import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

/// A lake in a folder and a migrated database, for `transform` and `replay`.
final class TransformFixture {
    let folder: String
    let lake: LakeLocation
    let database: ConnectionOptions
    let connection: Connection
    let log = LogLines()
    private let programDatabase: [String: String]

    /// 2026-03-01 00:00 UTC.
    static let epoch: Int64 = 1_772_323_200_000
    static func time(ofMinute minute: Double) -> Date { Date(timeIntervalSince1970: Double(epoch) / 1000 + minute * 60) }
    static let now = Date(timeIntervalSince1970: Double(epoch) / 1000 + 40 * 86_400)

    /// On the shared server as the worker, or as the superuser on a server of the test's own.
    ///
    /// - Parameter lake: nil: in a folder.
    init(_ cluster: PostgresCluster? = nil, lake: LakeLocation? = nil) throws {
        folder = try Free.directory()
        self.lake = try lake ?? LakeLocation(url: "file://\(folder)/lake")
        for place in [self.lake, self.lake.archive()] { try place.begin() }
        if let cluster {
            database = try TestPostgres.migrated(cluster)
            connection = try Connection(database)
            programDatabase = [:]
        } else {
            let shared = try TestPostgres.database()
            database = shared.options(as: "test_worker")
            connection = try shared.connect()
            programDatabase = shared.environment(as: "test_worker")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// For the program itself.
    var environment: [String: String] { programDatabase.merging(["LAKE_URL": lake.url]) { $1 } }

    /// Puts an object into the lake and, unless its writer died, on record.
    @discardableResult
    func put(_ object: RawObject, isRecorded: Bool = true) throws -> String {
        let encoded = try object.encoded()
        try lake.open().put(encoded.key, encoded.bytes)
        if isRecorded { try record(object, encoded) }
        return encoded.key
    }

    func record(_ object: RawObject, _ encoded: EncodedObject) throws {
        try RawObjectRepository(connection).record([
            RawObjectRecord(
                key: encoded.key, exchange: object.exchange, symbol: object.symbol, channel: object.channel,
                intervalCode: object.interval ?? "", requestedAt: object.requestedAt, receivedAt: object.receivedAt,
                bytes: encoded.bytes.count, sha256: SHA256.hash(encoded.bytes).bytes)
        ])
    }

    /// As the whole lake's next listing is not due, so that only what is on record is loaded.
    func skipListing() throws {
        for extent in [LakeListings.Extent.recent, .whole] { try LakeListings(connection).record(extent, at: Self.now) }
    }

    func job(workers: Int = 1, discovers: Bool = false, patience: Duration = .seconds(60), skipped: [String] = []) -> TransformJob {
        TransformJob(
            TransformJob.Options(
                lake: lake, archive: lake.archive(), workers: workers, discovers: discovers, patience: patience, skipped: skipped))
    }

    @discardableResult
    func transform(workers: Int = 1, discovers: Bool = false, stop: Stop = Stop()) throws -> JobCounts {
        try job(workers: workers, discovers: discovers).run(context(stop: stop))
    }

    func context(stop: Stop = Stop()) throws -> JobContext {
        JobContext(
            connection: try Connection(database), connect: { [database] () throws(PostgresError) in try Connection(database) },
            log: log.log,
            stop: stop, now: { Self.now })
    }

    @discardableResult
    func replay(_ choice: Replay.Choice? = nil, progress: (Replay.Progress) -> Void = { _ in }) throws -> JobCounts {
        try Self.replay(choice, lake, database, log, progress: progress)
    }

    /// For a thread of its own.
    static func replay(
        _ choice: Replay.Choice? = nil, _ lake: LakeLocation, _ database: ConnectionOptions, _ log: LogLines, stop: Stop = Stop(),
        progress: (Replay.Progress) -> Void = { _ in }
    ) throws -> JobCounts {
        let all = Replay.Choice(from: Date(timeIntervalSince1970: 946_684_800), to: Date(timeIntervalSince1970: 4_000_000_000))
        return try Replay(choice ?? all, live: lake, archive: lake.archive()).run(
            log: log.log, stop: stop, connect: { () throws(PostgresError) in try Connection(database) }, progress: progress)
    }

    /// `transform` on a thread of its own.
    func transforming(workers: Int = 1, patience: Duration = .seconds(60), stop: Stop = Stop()) -> Background<JobCounts> {
        let (job, database, log) = (job(workers: workers, patience: patience), database, log)
        return Background {
            let connect: @Sendable () throws(PostgresError) -> Connection = { () throws(PostgresError) in try Connection(database) }
            return try job.run(JobContext(connection: try connect(), connect: connect, log: log.log, stop: stop, now: { Self.now }))
        }
    }
}

// MARK: - What came of it

extension TransformFixture {
    /// Everything that must not depend on what happened on the way.
    static let dump = """
        SELECT md5(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), '')), count(*) FROM (
            SELECT f::text AS line FROM crypto_gaf.fact_klines f
            UNION ALL SELECT f::text FROM crypto_gaf.fact_orderbook f
            UNION ALL SELECT f::text FROM crypto_gaf.tickers f
            UNION ALL SELECT (object_key, position, reason, row_text)::text FROM crypto_gaf.rejected_rows
            UNION ALL SELECT (object_key, outcome, rows_read, rows_rejected, error)::text FROM crypto_gaf.processed_files) lines
        """

    func digest() throws -> String {
        let row = try connection.query(SQL(unescaped: Self.dump)).one()
        return "\(try row.text(0)) of \(try row.int(1)) rows"
    }

    /// As if nothing had ever been loaded.
    func forget() throws {
        try connection.run(
            script: """
                TRUNCATE crypto_gaf.fact_klines, crypto_gaf.fact_orderbook, crypto_gaf.tickers, crypto_gaf.touched_hours,
                    crypto_gaf.rejected_rows, crypto_gaf.processed_files, crypto_gaf.stopped_channels;
                UPDATE crypto_gaf.raw_objects SET due = true;
                """)
    }

    func count(_ sql: SQL) throws -> Int { try connection.query(sql).one().int(0) }
    func texts(_ sql: SQL) throws -> [String] { try connection.query(sql).map { try $0.text(0) } }
    func candles() throws -> Int { try count("SELECT count(*) FROM crypto_gaf.fact_klines") }
    func due() throws -> Int { try count("SELECT count(*) FROM crypto_gaf.raw_objects WHERE due") }

    /// Outcome and error of each object, in the order of its key.
    func outcomes() throws -> [String] {
        try texts("SELECT outcome || coalesce(': ' || error, '') FROM crypto_gaf.processed_files ORDER BY object_key")
    }
}
