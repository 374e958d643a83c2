import Digest
import Foundation
import Lake
import Postgres
import TestSupport
import Testing
import Warehouse

@testable import cryptogaf

@Suite struct MaintainProgramTests {
    private let database: TestDatabase
    private let folder: String

    init() throws {
        database = try TestPostgres.database()
        folder = try Free.directory()
    }

    private var lake: LakeLocation { get throws { try LakeLocation(url: "file://\(folder)/lake") } }

    private var environment: [String: String] {
        database.environment(as: "test_worker").merging(["LAKE_URL": "file://\(folder)/lake"]) { $1 }
    }

    private static func bytes(_ n: Int) -> [UInt8] { Array("object \(n) \(String(repeating: "x", count: n * 7 % 5000))".utf8) }
    private static func key(_ n: Int) -> String { "kraken/BTC-USD/klines/2026/01/01/\(n).json.gz" }

    /// So many objects, half a day to 59 and a half days old; each tenth is due.
    private func fill(_ count: Int) throws {
        try lake.begin()
        let store = try lake.open()
        for (_, result) in store.putAll((0..<count).map { (Self.key($0), Self.bytes($0)) }) { try result.get() }
        let worker = try database.connect(as: "test_worker")
        try RawObjectRepository(worker).record(
            (0..<count).map { n in
                RawObjectRecord(
                    key: Self.key(n), exchange: "kraken", symbol: "BTC-USD", channel: "klines", intervalCode: "1m",
                    receivedAt: Date().addingTimeInterval(-86_400 * (0.5 + Double(n % 60))), bytes: Self.bytes(n).count,
                    sha256: SHA256.hash(Self.bytes(n)).bytes)
            })
        try worker.run(
            script: """
                UPDATE crypto_gaf.raw_objects SET recorded_at = received_at;
                INSERT INTO crypto_gaf.processed_files (object_key, outcome)
                SELECT object_key, 'loaded' FROM crypto_gaf.raw_objects WHERE object_key !~ '0[.]json[.]gz$';
                UPDATE crypto_gaf.raw_objects r SET due = false FROM crypto_gaf.processed_files p WHERE p.object_key = r.object_key
                """)
    }

    /// Where each object is, by its row, after a look whether it is there.
    private func states(_ count: Int) throws -> [String] {
        let (live, archive) = (try lake.open(), try lake.archive().open())
        var states: [String] = []
        for row in try database.connect().query(
            "SELECT object_key, location, due FROM crypto_gaf.raw_objects ORDER BY received_at, object_key")
        {
            let (key, location, due) = (try row.text(0), try row.text(1), try row.bool(2))
            let n = try #require(Int(key.split(separator: "/").last?.split(separator: ".").first ?? ""))
            if location != "expired" {
                #expect(try (location == "live" ? live : archive).get(key) == Self.bytes(n), "\(key) in \(location)")
            }
            #expect(!due || location == "live")
            states.append("\(key) \(location)")
        }
        #expect(states.count == count)
        return states
    }

    @Test("killed at any moment, maintain loses nothing, and the next run does the rest")
    func killed() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let count = 1500
        try fill(count)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<Soak.count(60) {
            let program = try Program.start(["job", "maintain"], environment: environment)
            _ = program.wait(for: .milliseconds(Int.random(in: 5...150, using: &random)))
            program.signal(SIGKILL)
            _ = program.wait()
            _ = try states(count)
        }
        // What came to the archive in one run goes for good in the next.
        for _ in 0..<2 {
            let run = try Program.run(["job", "maintain"], environment: environment)
            #expect(run.status == 0, "\(run.errors)")
        }
        let states = try states(count)
        let (live, archive) = (states.filter { $0.hasSuffix(" live") }, states.filter { $0.hasSuffix(" archive") })
        #expect(try lake.open().allKeys().count == live.count && lake.archive().open().allKeys().count == archive.count)
        #expect(live.count + archive.count < count)
        let died = try database.connect().query("SELECT count(*) FROM crypto_gaf.job_runs WHERE outcome = 'running'").one().int(0)
        #expect(died == 0)
    }

    @Test("ages come from the environment, options come before it, and nonsense is refused")
    func options() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try fill(60)
        func archived(_ words: [String], _ more: [String: String] = [:]) throws -> String? {
            let run = try Program.run(["job", "maintain", "--dry-run"] + words, environment: environment.merging(more) { $1 })
            return run.errors.firstMatch(of: /"objects_archived":(\d+)/).map { String($0.1) } ?? "exit \(run.status)"
        }
        // 60 objects of 0.5 to 59.5 days, of which six are due: those of 0.5, 10.5, 20.5 … days.
        #expect(try archived([]) == "48")
        #expect(try archived([], ["RAW_DAYS": "30"]) == "27")
        #expect(try archived(["--raw-days", "20"], ["RAW_DAYS": "30"]) == "36")
        #expect(try archived([], ["RAW_DAYS": "40"]) == "exit 78")
        #expect(try archived([], ["FACT_DAYS": "6"]) == "exit 78")
        #expect(try archived(["--raw-days", "40"]) == "exit 64")
        #expect(try archived(["--fact-days", "6"]) == "exit 64")
        #expect(try archived([], ["LAKE_URL": ""]) == "exit 78")
        #expect(try states(60).allSatisfy { $0.hasSuffix(" live") })
    }
}
