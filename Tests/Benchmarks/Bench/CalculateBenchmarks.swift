import Jobs
import Postgres
import Runtime
import TestSupport
import Warehouse

/// Whole passes of `calculate`, one thread, with the Postgres that `PG*` names: reading, drawing, encoding, writing, and the connecting.
struct CalculateBenchmarks {
    private let connection: Connection
    private static let size = 600
    /// So many drawings share what a pass costs but once.
    private static let leastProducts = 24

    init() throws { connection = try Connection() }

    /// Milliseconds per product, when every product has changed.
    func pass(_ name: String, _ samples: CaptureSamples) throws -> Measurement {
        let sources = samples.samples.sorted { $0.key < $1.key }
        let copies = (Self.leastProducts + sources.count - 1) / sources.count
        for (product, rows) in sources {
            for copy in 0..<copies { try add("bench-\(product)-\(copy)", rows.suffix(Self.size)) }
        }
        defer { try? removeAll() }
        let products = sources.count * copies
        var times: [Double] = []
        for _ in 0..<7 {
            try connection.execute("UPDATE crypto_gaf.gafs SET last_sample_id = NULL WHERE product LIKE 'bench-%'")
            times.append(try seconds(drawing: products))
        }
        return Measurement(name: "calculate_pass_\(name)", value: times.sorted()[times.count / 2] * 1e3 / Double(products), unit: "ms")
    }

    /// Milliseconds of a pass over 100 products of which none has changed.
    func unchanged(_ samples: CaptureSamples) throws -> Measurement {
        let rows = samples.samples.values.first ?? []
        for number in 0..<100 { try add("bench-\(number)", rows.suffix(24)) }
        defer { try? removeAll() }
        _ = try seconds(drawing: 100)
        let times = try (0..<21).map { _ in try seconds(drawing: 0) }.sorted()
        return Measurement(name: "calculate_unchanged_100", value: times[times.count / 2] * 1e3, unit: "ms")
    }

    private func add(_ product: String, _ rows: some Sequence<CaptureSamples.Row>) throws {
        try connection.execute("INSERT INTO crypto_gaf.gafs (product, max_size) VALUES (\(product), \(Self.size))")
        _ = try SampleRepository(connection).append(rows.map { $0.record(of: product) })
    }

    private func removeAll() throws {
        try connection.execute("DELETE FROM crypto_gaf.samples WHERE product LIKE 'bench-%'")
        try connection.execute("DELETE FROM crypto_gaf.gafs WHERE product LIKE 'bench-%'")
    }

    private func seconds(drawing expected: Int) throws -> Double {
        let job = CalculateJob(CalculateJob.Options(.once), log: .silent, stop: Stop()) { () throws(PostgresError) in try Connection() }
        var drawn = 0
        let time = try ContinuousClock().measure { drawn = try job.run().drawn }
        guard drawn == expected else { throw UnexpectedDrawings(drawn: drawn, expected: expected) }
        return time.seconds
    }
}

/// The database holds something else than the benchmark put there.
struct UnexpectedDrawings: Error {
    let drawn: Int
    let expected: Int
}
