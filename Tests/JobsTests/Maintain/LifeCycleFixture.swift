import Digest
import Foundation
import Jobs
import Lake
import Postgres
import Runtime
import TestSupport
import Warehouse

/// A lake, an archive and a database, and objects of any age in them; `maintain` runs as a worker.
final class LifeCycleFixture {
    let database: TestDatabase
    let worker: Connection
    let folder: String
    let lake: LakeLocation
    let live: any ObjectStore
    let archive: any ObjectStore
    /// Whole milliseconds, as the objects have it.
    let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded())

    /// On a server of S3, or in a folder.
    init(_ server: S3Server? = nil) throws {
        database = try TestPostgres.database()
        worker = try database.connect(as: "test_worker")
        folder = try Free.directory()
        lake =
            try server.map { server in
                let access = try S3Access(
                    endpoint: server.url, region: "us-east-1", accessKey: server.accessKey, secretKey: server.secretKey)
                return try LakeLocation(url: "s3://\(S3Server.bucket)/raw", s3: access)
            } ?? LakeLocation(url: "file://\(folder)/lake")
        for place in [lake, lake.archive()] { try place.begin() }
        live = try lake.open()
        archive = try lake.archive().open()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// An object as `ingest` leaves it, and `transform` if it is not due; answers its key.
    @discardableResult
    func add(_ name: String, days: Double, bytes count: Int = 100, due: Bool = false) throws -> String {
        let key = "kraken/BTC-USD/klines/\(name).json.gz"
        let bytes = Self.bytes(of: key, count)
        try live.put(key, bytes)
        try RawObjectRepository(worker).record([
            RawObjectRecord(
                key: key, exchange: "kraken", symbol: "BTC-USD", channel: "klines", intervalCode: "1m",
                receivedAt: now.addingTimeInterval(-86_400 * days), bytes: count, sha256: SHA256.hash(bytes).bytes)
        ])
        try worker.execute("UPDATE crypto_gaf.raw_objects SET recorded_at = received_at WHERE object_key = \(key)")
        if !due { try settle(key) }
        return key
    }

    /// As `transform` leaves an object.
    func settle(_ key: String) throws {
        try worker.transaction {
            try worker.execute("INSERT INTO crypto_gaf.processed_files (object_key, outcome) VALUES (\(key), 'loaded')")
            try worker.execute("UPDATE crypto_gaf.raw_objects SET due = false WHERE object_key = \(key)")
        }
    }

    /// As if so many days had passed.
    func age(days: Int) throws {
        try worker.execute(
            """
            UPDATE crypto_gaf.raw_objects
            SET received_at = received_at - make_interval(days => \(days)), recorded_at = recorded_at - make_interval(days => \(days))
            """)
    }

    /// Other bytes for every key.
    static func bytes(of key: String, _ count: Int = 100) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: key.utf8.count &* 31 &+ $0) }
    }

    func context(_ log: Log = .silent, stop: Stop = Stop()) throws -> JobContext {
        let options = database.options(as: "test_worker")
        let now = now
        return JobContext(
            connection: try Connection(options), connect: { () throws(PostgresError) in try Connection(options) }, log: log, stop: stop,
            now: { now })
    }

    @discardableResult
    func maintain(
        _ retention: Retention = Retention(), live: (any ObjectStore)? = nil, archive: (any ObjectStore)? = nil, dryRun: Bool = false,
        log: Log = .silent
    ) throws -> JobCounts {
        let (live, archive) = (live ?? self.live, archive ?? self.archive)
        return try MaintainJob(retention, live: { _ in live }, archive: { _ in archive }, isDryRun: dryRun).run(context(log))
    }

    /// `name live`, `name archive -`, …: where the row says that an object is, and where a copy of it may be left over.
    func rows() throws -> [String] {
        try worker.query(
            """
            SELECT concat_ws(' ', substring(object_key FROM 'klines/(.*)[.]json'), location, 'left in ' || leftover_in)
            FROM crypto_gaf.raw_objects ORDER BY object_key
            """
        ).map { try $0.text(0) }
    }

    /// The names of the objects that a store holds.
    func names(_ store: any ObjectStore) throws -> [String] {
        try store.allKeys().map { String($0.dropFirst("kraken/BTC-USD/klines/".count).dropLast(".json.gz".count)) }
    }

    /// Keys whose object is not, to the last byte, where the row says.
    func lost() throws -> [String] {
        try worker.query("SELECT object_key, location, bytes FROM crypto_gaf.raw_objects WHERE location <> 'expired'").compactMap { row in
            let (key, location) = (try row.text(0), try row.text(1))
            let store = location == "live" ? live : archive
            return try (try? store.get(key)) == Self.bytes(of: key, row.int(2)) ? nil : key
        }
    }
}
