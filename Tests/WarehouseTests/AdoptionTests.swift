import Postgres
import TestSupport
import Testing
import Warehouse

/// A database of the predecessors becomes ours, and their programs go on.
@Suite struct AdoptionTests {
    private func adopted(as user: String = "postgres") throws -> (TestDatabase, before: String) {
        let database = try TestPostgres.database(migrated: false)
        let connection = try database.connect(as: user)
        try connection.run(script: Predecessor.schema)
        try connection.run(script: Predecessor.rows)
        let before = try Predecessor.contents(connection)
        try Migrator(database.connect(), directory: Repository.sql).run()
        return (database, before)
    }

    @Test("a database of the predecessors keeps every row and value")
    func rows() throws {
        let (database, before) = try adopted()
        let connection = try database.connect()
        #expect(try Predecessor.contents(connection) == before)
        try Schema.verify(connection)
        let row = try connection.query(
            """
            SELECT count(*) FILTER (WHERE sampled_at IS NOT NULL), (SELECT count(DISTINCT version) FROM crypto_gaf.gafs),
                (SELECT count(*) FROM crypto_gaf.gafs WHERE calculated_at IS NOT NULL) FROM crypto_gaf.samples
            """
        ).one()
        // Nobody knows when the old samples and images were made; each product has a version of its own.
        #expect(try (row.int(0), row.int(1), row.int(2)) == (0, 3, 0))
    }

    @Test("what the predecessors wrote can be collected on and drawn")
    func use() throws {
        let (database, _) = try adopted()
        let connection = try database.connect(as: "test_worker")
        let due = try GafRepository(connection).due()
        #expect(due.map(\.product) == ["BTC-USD", "ETH-USD"])
        #expect(due[0].maxSize == 600)
        let window = try SampleRepository(connection).window("BTC-USD", limit: 600)
        #expect(window.count == 31)
        // The newest sample is empty; the one before has NaN and NULL in it.
        #expect(window.midpoint[0].isNaN && window.midpoint[1] == 91294.25)
        #expect(window.asks.prices[0][1] == 91294.5 && window.asks.prices[2][1].isNaN && window.asks.sizes[1][1].isNaN)
        #expect(window.newestMidpoint == nil)
        #expect(try ProductRepository(connection).list().map(\.maxSize) == [600, 60, 600])
        #expect(try FeedRepository(connection).targets().map(\.lastTrade) == [nil, nil, nil])
    }

    @Test("the old workers' statements run on our database, and their drawing gets a version and a time")
    func oldPrograms() throws {
        let database = try TestPostgres.database()
        let connection = try database.connect(as: "test_worker")
        try connection.execute("INSERT INTO crypto_gaf.gafs (product, max_size) VALUES ('BTC-USD', 600)")
        for _ in 0..<21 { try Predecessor.collect("BTC-USD", connection) }
        let reads = GafReads(try database.connect(as: "test_api"))
        guard case .none = try reads.version(of: "BTC-USD") else {
            Issue.record("an image before anybody drew")
            return
        }
        try Predecessor.calculate("BTC-USD", connection)
        guard case .drawn(let first) = try reads.version(of: "BTC-USD") else {
            Issue.record("no image")
            return
        }
        try Predecessor.calculate("BTC-USD", connection)
        guard case .drawn(let second) = try reads.version(of: "BTC-USD") else { return }
        #expect(second.number > first.number && second.calculatedMicroseconds > first.calculatedMicroseconds)
        // Its samples are ours to draw.
        #expect(try GafRepository(connection).due(ignoringInterval: true).count == 1)
    }

    @Test("a plain user who owned the old tables can still do all that its workers do")
    func formerOwner() throws {
        let database = try TestPostgres.database(migrated: false)
        let admin = try database.connect()
        let user = "former_\(database.name)"
        try admin.run(script: "CREATE ROLE \(user) LOGIN; GRANT CREATE ON DATABASE \(database.name) TO \(user)")
        let connection = try database.connect(as: user)
        try connection.run(script: Predecessor.schema)
        try connection.run(script: Predecessor.rows)
        try Migrator(admin, directory: Repository.sql).run()
        try Predecessor.collect("BTC-USD", connection)
        try Predecessor.calculate("BTC-USD", connection)
        #expect(
            try connection.query("SELECT tableowner FROM pg_tables WHERE schemaname = 'crypto_gaf'").allSatisfy {
                try $0.text(0) == "cryptogaf_owner"
            })
    }
}
