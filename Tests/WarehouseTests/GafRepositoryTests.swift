import Dispatch
import FoundationEssentials
import Market
import Postgres
import Synchronization
import TestSupport
import Testing
import Warehouse

@Suite struct GafRepositoryTests {
    private func fill(_ product: String, _ connection: Connection, samples: Int = 21) throws {
        _ = try SampleRepository(connection).append((1...samples).map { SampleRecord(sample(product, $0)) })
    }

    @Test("a product is due from 21 samples on, after new ones, and no sooner than its redraw interval")
    func due() throws {
        let (_, connection) = try worker("A")
        let gafs = GafRepository(connection)
        try fill("A", connection, samples: 20)
        #expect(try gafs.due().isEmpty)
        try fill("A", connection, samples: 1)
        let due = try gafs.due()
        #expect(due.map(\.product) == ["A"] && due[0].maxSize == 600)
        #expect(try gafs.store(drawing("A", due[0].newestSampleID)))
        #expect(try gafs.due(ignoringInterval: true).isEmpty)
        try fill("A", connection, samples: 1)
        #expect(try gafs.due().isEmpty)
        #expect(try gafs.due(ignoringInterval: true).count == 1)
        _ = try ProductRepository(connection).set(Product("A"), ProductChanges(redrawInterval: .zero))
        #expect(try gafs.due().count == 1)
    }

    @Test("a clock that was set back does not keep a product from being drawn")
    func clockSetBack() throws {
        let (database, connection) = try worker("A")
        let gafs = GafRepository(connection)
        try fill("A", connection)
        #expect(try gafs.store(drawing("A", gafs.due()[0].newestSampleID)))
        try fill("A", connection, samples: 1)
        let owner = try database.connect()
        try owner.execute("UPDATE crypto_gaf.gafs SET calculated_at = clock_timestamp() + interval '1 hour'")
        #expect(try gafs.due().map(\.product) == ["A"])
        try owner.execute("UPDATE crypto_gaf.gafs SET calculated_at = clock_timestamp()")
        #expect(try gafs.due().isEmpty)
    }

    @Test("who has waited longest is first, who was never drawn before all")
    func order() throws {
        let (_, connection) = try worker("A", "B", "C")
        let gafs = GafRepository(connection)
        for product in ["A", "B", "C"] { try fill(product, connection) }
        _ = try gafs.store(drawing("B", 1))
        _ = try gafs.store(drawing("A", 1))
        #expect(try gafs.due(ignoringInterval: true).map(\.product) == ["C", "B", "A"])
    }

    @Test("of several workers at once exactly one draws each product")
    func claims() throws {
        let (database, connection) = try worker("A", "B", "C")
        for product in ["A", "B", "C"] { try fill(product, connection) }
        let drawn = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            guard let connection = try? database.connect(as: "test_worker") else { return }
            let gafs = GafRepository(connection)
            for product in ["A", "B", "C"] {
                try? connection.transaction {
                    guard let due = try gafs.claim(product, ignoringInterval: true) else { return }
                    _ = try gafs.store(drawing(product, due.newestSampleID))
                    drawn.withLock { $0.append(product) }
                }
            }
        }
        #expect(drawn.withLock { $0.sorted() } == ["A", "B", "C"])
        #expect(try connection.query("SELECT sum(images) FROM crypto_gaf.draws").one().int(0) == 15)
    }

    @Test("a drawing gets a new version and time, and is counted")
    func store() throws {
        let (_, connection) = try worker("A")
        let gafs = GafRepository(connection)
        #expect(try gafs.store(drawing("A", 1, of: 100)))
        let read = try connection.query("SELECT version, calculated_at, midpoint, midpoint_images[2], last_sample_id FROM crypto_gaf.gafs")
            .one()
        #expect(try read.text(2) == "91000.250" && read.text(3) == String(repeating: "D", count: 100) && read.int(4) == 1)
        #expect(try gafs.store(drawing("A", 2, of: 100)))
        let again = try connection.query("SELECT version, calculated_at FROM crypto_gaf.gafs").one()
        #expect(try again.int(0) > read.int(0) && again.date(1) > read.date(1))
        let draws = try connection.query("SELECT images, bytes, milliseconds FROM crypto_gaf.draws").one()
        #expect(try draws.int(0) == 10 && draws.int(1) == 1000 && draws.double(2) == 25)
        #expect(try !gafs.store(drawing("gone", 1)))
    }

    @Test("settings may change without a new version: the images are the same")
    func settings() throws {
        let (_, connection) = try worker("A")
        _ = try GafRepository(connection).store(drawing("A", 1))
        let before = try connection.query("SELECT version, calculated_at FROM crypto_gaf.gafs").one()
        _ = try ProductRepository(connection).set(Product("A"), ProductChanges(maxSize: 30, depth: 5))
        let after = try connection.query("SELECT version, calculated_at FROM crypto_gaf.gafs").one()
        #expect(try before.int(0) == after.int(0) && before.date(1) == after.date(1))
    }

    @Test("draws older than 30 days go with the next drawing")
    func history() throws {
        let (_, connection) = try worker("A")
        try connection.run(
            script: "INSERT INTO crypto_gaf.draws (product, hour) SELECT 'A', now() - i * interval '1 day' FROM generate_series(1, 40) i")
        _ = try GafRepository(connection).store(drawing("A", 1))
        #expect(try connection.query("SELECT count(*) FROM crypto_gaf.draws").one().int(0) == 30)
    }

    @Test("looking at a hundred unchanged products of 600 samples reads one index entry of each, and no table")
    func unchanged() throws {
        let (database, connection) = try worker()
        try database.connect().run(
            script: """
                INSERT INTO crypto_gaf.gafs (product) SELECT 'P' || i FROM generate_series(1, 100) i;
                INSERT INTO crypto_gaf.samples (product, midpoint) SELECT 'P' || i, n FROM generate_series(1, 600) n, generate_series(1, 100) i;
                UPDATE crypto_gaf.gafs g SET last_sample_id = (SELECT max(sample_id) FROM crypto_gaf.samples s WHERE s.product = g.product);
                ANALYZE crypto_gaf.samples
                """)
        try connection.transaction {
            #expect(try GafRepository(connection).due(ignoringInterval: true).isEmpty)
            let read = try connection.query(
                """
                SELECT t.seq_scan::bigint, i.idx_tup_read::bigint FROM pg_stat_xact_user_tables t
                CROSS JOIN LATERAL (SELECT pg_stat_get_xact_tuples_returned(c.oid) AS idx_tup_read FROM pg_class c
                    WHERE c.relname = 'samples_product_newest') i
                WHERE t.relname = 'samples'
                """
            ).one()
            #expect(try read.int64(0) == 0)
            #expect(try (100...110).contains(read.int64(1)))
        }
    }
}
