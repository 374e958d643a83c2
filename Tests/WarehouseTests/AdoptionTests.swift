import Postgres
import TestSupport
import Testing
import Warehouse

/// A database of the predecessors that `migrate` has made ours.
@Suite struct AdoptionTests {
    @Test("nobody knows when the old samples and images were made; each product has a version of its own")
    func unknownTimes() throws {
        let database = try PredecessorDatabase.make()
        let connection = try database.connect()
        try Migrator(connection, directory: Repository.sql).run()
        try Schema.verify(connection)
        let row = try connection.query(
            """
            SELECT (SELECT count(*) FROM crypto_gaf.samples WHERE sampled_at IS NOT NULL), count(DISTINCT version), count(calculated_at),
                count(created_at) FROM crypto_gaf.gafs
            """
        ).one()
        #expect(try (0...3).map { try row.int($0) } == [0, 3, 0, 0])
    }

    @Test("what the predecessors collected can be read on, holes and all, and is drawn once there is enough")
    func use() throws {
        let database = try PredecessorDatabase.make()
        try Migrator(database.connect(), directory: Repository.sql).run()
        let connection = try database.connect()
        let window = try SampleRepository(connection).window("BTC-USD", limit: 600)
        #expect(window.midpoint == [64000.25, 64000.5])
        #expect(window.asks.prices[0][0].isNaN && window.asks.prices[0][1] == 64001 && window.asks.prices[1] == [64012, 64012])
        #expect(window.asks.sizes[0][0].isNaN && window.asks.sizes[2][1] == 1e-8)
        #expect(window.bids.prices[0][0].isNaN && window.bids.sizes.map { $0[0] } == [1, 2, 3, 4, 5])
        #expect(window.buys[0][0].isNaN && window.buys[1] == [1, 0] && window.sells[0] == [.infinity, 64000.1])
        #expect(window.newestMidpoint == "64000.25")
        try connection.run(
            script: """
                INSERT INTO crypto_gaf.samples (product, midpoint) SELECT p, 1 FROM generate_series(1, 21),
                unnest(ARRAY['BTC-USD', 'never drawn', 'odd "name"; --']) p
                """)
        // A max_size of -5 makes no image; NULL counts as 600.
        #expect(try GafRepository(connection).due().map(\.product) == ["BTC-USD", "never drawn"])
        #expect(try FeedRepository(connection).targets().map(\.lastTrade) == [nil, nil, nil])
    }

    @Test("a plain user who owned the old tables can still do all that the old programs did")
    func formerOwner() throws {
        let database = try PredecessorDatabase.make(owner: "former")
        try Migrator(database.connect(), directory: Repository.sql).run()
        let connection = try database.connect(as: "former")
        try connection.execute("INSERT INTO crypto_gaf.samples (product, midpoint) VALUES ('BTC-USD', 1)")
        try connection.execute("UPDATE crypto_gaf.gafs SET orderbook_image = 'x', size = 3 WHERE product = 'BTC-USD'")
        try connection.execute("DELETE FROM crypto_gaf.samples WHERE product <> 'BTC-USD'")
        try connection.execute("INSERT INTO crypto_gaf.gafs (product, max_size) VALUES ('NEW', 600)")
        #expect(try connection.query("SELECT count(*) FROM crypto_gaf.samples").one().int(0) == 4)
        let owners = try connection.query("SELECT tableowner FROM pg_tables WHERE schemaname = 'crypto_gaf'").map { try $0.text(0) }
        #expect(Set(owners) == ["cryptogaf_owner"])
    }
}
