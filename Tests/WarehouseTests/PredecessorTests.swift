import FoundationEssentials
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

/// The predecessors' programs know nothing of our columns, and must not need to.
///
/// The statements have the shape of theirs: the columns they name, the types their driver sends (`float8`, not `numeric`).
@Suite("The predecessors' programs on our tables")
struct PredecessorTests {
    @Test("a sample without our columns is complete: floats become decimals, our columns take their defaults", arguments: Origin.allCases)
    func sample(_ origin: Origin) throws {
        let connection = try origin.database().connect(as: "test_worker")
        try insertSample(connection, midpoint: 0.1 + 0.2)
        let row = try connection.query(
            """
            SELECT midpoint::text, ask_prices::text, bid_sizes::text, sells::text, last_trade IS NULL,
                sampled_at BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp()
            FROM crypto_gaf.samples ORDER BY sample_id DESC LIMIT 1
            """
        ).one()
        #expect(try row.text(0) == "0.3")
        #expect(try row.text(1) == "{50010.5,50020.25,50030}")
        #expect(try row.text(2) == "{0.00000001,2,0}")
        #expect(try row.text(3) == "{0,0,0}")
        #expect(try row.bool(4) && row.bool(5))
    }

    @Test("their trimming keeps the newest rows of its product, and all without a limit", arguments: Origin.allCases)
    func trimming(_ origin: Origin) throws {
        let connection = try origin.database().connect(as: "test_worker")
        for midpoint in 1...5 { try insertSample(connection, midpoint: Double(midpoint)) }
        let all = try midpoints(connection)
        #expect(all.prefix(5) == [5, 4, 3, 2, 1])
        try trim(connection, limit: nil)
        #expect(try midpoints(connection) == all)
        try trim(connection, limit: 2)
        #expect(try midpoints(connection) == [5, 4])
    }

    @Test("each of their drawings gets a higher version and a later time, in one transaction and unchanged", arguments: Origin.allCases)
    func drawing(_ origin: Origin) throws {
        let connection = try origin.database().connect(as: "test_worker")
        var versions: [GafVersion] = []
        func drawAnother(_ image: String) throws {
            try draw(connection, image)
            versions.append(try version(connection))
        }
        try drawAnother("one")
        try connection.transaction { for image in ["two", "three"] { try drawAnother(image) } }
        try drawAnother("three")
        for (former, next) in zip(versions, versions.dropFirst()) {
            #expect(former.number < next.number)
            #expect(former.calculatedMicroseconds < next.calculatedMicroseconds)
        }
    }

    @Test("a change of settings is no drawing", arguments: Origin.allCases)
    func settings(_ origin: Origin) throws {
        let connection = try origin.database().connect(as: "test_worker")
        try draw(connection, "one")
        let before = try version(connection)
        try connection.execute("UPDATE crypto_gaf.gafs SET max_size = 300 WHERE product = 'BTC-USD'")
        #expect(try version(connection) == before)
    }

    @Test("their reading of a window finds numbers: newest first, arrays by level, means over eleven rows", arguments: Origin.allCases)
    func window(_ origin: Origin) throws {
        let connection = try origin.database().connect(as: "test_worker")
        for midpoint in 1...12 { try insertSample(connection, midpoint: Double(midpoint)) }
        let rows = try connection.query(
            """
            SELECT midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes,
                avg(buys[2]) OVER (ORDER BY sample_id DESC ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING)
            FROM crypto_gaf.samples WHERE product = 'BTC-USD' ORDER BY sample_id DESC LIMIT 3
            """)
        #expect(try rows.map { try $0.double(0) } == [12, 11, 10])
        #expect(try rows.map { try $0.doubles(4) } == [[1e-8, 2, 0], [1e-8, 2, 0], [1e-8, 2, 0]])
        // Of buys as large as the midpoint: 12 … 7, 12 … 6, 12 … 5.
        #expect(try rows.map { try $0.double(5) } == [9.5, 9, 8.5])
    }

    @Test("their API reads images and settings as the API role, and can change nothing", arguments: Origin.allCases)
    func api(_ origin: Origin) throws {
        let database = try origin.database()
        try draw(database.connect(as: "test_worker"), "one")
        let connection = try database.connect(as: "test_api")
        #expect(try connection.query("SELECT product FROM crypto_gaf.gafs").map { try $0.text(0) }.contains("BTC-USD"))
        let row = try connection.query(
            """
            SELECT orderbook_image, buy_image, max_size, midpoint, midpoint_images, sell_image, size
            FROM crypto_gaf.gafs WHERE product = \("BTC-USD")
            """
        ).one()
        #expect(try (0...6).map { try row.text($0) } == ["book one", "buy one", "600", "64000.5", "{sum,\"diff one\"}", "sell one", "21"])
        for statement: SQL in [
            "UPDATE crypto_gaf.gafs SET size = 1", "DELETE FROM crypto_gaf.samples", "INSERT INTO crypto_gaf.gafs (product) VALUES ('X')",
        ] {
            let error = try #require(throws: PostgresError.self) { try connection.execute(statement) }
            #expect(error.sqlState == "42501")
        }
    }

    @Test("adoption loses nothing: their columns keep every digit, and the numbering goes on")
    func adoption() throws {
        let database = try PredecessorDatabase.make()
        let (connection, before) = (try database.connect(), try PredecessorDatabase.contents(database.connect()))
        #expect(before.count == 3 + 4)
        try Migrator(connection, directory: Repository.sql).run()
        #expect(try PredecessorDatabase.contents(connection) == before)
        try insertSample(database.connect(as: "test_worker"), midpoint: 1)
        #expect(try connection.query("SELECT max(sample_id) FROM crypto_gaf.samples").one().int(0) == 1004)
        #expect(try connection.query("SELECT count(*) FROM crypto_gaf.samples WHERE sampled_at IS NULL").one().int(0) == 4)
    }

    @Test("when their trimming has taken another product's samples, that product goes on and grows again", arguments: Origin.allCases)
    func trimmingOfOthers(_ origin: Origin) throws {
        let connection = try origin.database().connect(as: "test_worker")
        try connection.execute("INSERT INTO crypto_gaf.gafs (product, max_size) VALUES ('ETH-USD', \(GafRepository.leastSamples))")
        let (samples, gafs) = (SampleRepository(connection), GafRepository(connection))
        for tick in 1...GafRepository.leastSamples { #expect(try samples.append([ethereum(Decimal(tick))]).isEmpty) }
        #expect(try gafs.due().map(\.product) == ["ETH-USD"])
        try insertSample(connection, midpoint: 1)
        try trim(connection, limit: 600)
        #expect(try samples.window("ETH-USD", limit: 600).count == 0)
        #expect(try gafs.due() == [])
        // It was full, and is full no more: nothing of it has to go.
        for midpoint in 3001...3003 { #expect(try samples.append([ethereum(Decimal(midpoint))]).isEmpty) }
        #expect(try samples.window("ETH-USD", limit: 600).midpoint == [3003, 3002, 3001])
    }

    @Test("the set-up that their programs run at each start finds everything there, as the user who owned it")
    func setUpAgain() throws {
        let database = try PredecessorDatabase.make(owner: "installer")
        try Migrator(database.connect(), directory: Repository.sql).run()
        let (admin, installer) = (try database.connect(), try database.connect(as: "installer"))
        let before = try PredecessorDatabase.contents(admin)
        try installer.run(
            script: """
                CREATE SCHEMA IF NOT EXISTS crypto_gaf;
                CREATE TABLE IF NOT EXISTS crypto_gaf.gafs (product text PRIMARY KEY, max_size integer);
                INSERT INTO crypto_gaf.gafs (product, max_size) VALUES ('BTC-USD', 300) ON CONFLICT (product) DO NOTHING;
                """)
        #expect(try PredecessorDatabase.contents(admin) == before)
    }

    private func ethereum(_ midpoint: Decimal) -> SampleRecord {
        let book = BookSnapshot(midpoint: midpoint, asks: [], bids: [])
        return SampleRecord(
            Sample(product: "ETH-USD", sampledAt: Date(), book: book, flow: TakerFlow(sequence: 7, buy: .none, sell: .none)))
    }

    /// What the ETag is made of.
    private func version(_ connection: Connection) throws -> GafVersion {
        guard case .drawn(let version) = try GafReads(connection).version(of: "BTC-USD") else { throw PredecessorDatabase.NotDrawn() }
        return version
    }

    private func midpoints(_ connection: Connection) throws -> [Double?] {
        try connection.query("SELECT midpoint FROM crypto_gaf.samples WHERE product = 'BTC-USD' ORDER BY sample_id DESC").map {
            try $0.doubleOrNil(0)
        }
    }
}

/// What their collector and calculator send.
extension PredecessorTests {
    fileprivate func insertSample(_ connection: Connection, midpoint: Double) throws {
        let (prices, sizes): ([Double], [Double]) = ([50010.5, 50020.25, 50030], [1e-8, 2, 0])
        let (buys, sells) = ([50000, midpoint, 1], [0.0, 0, 0])
        let inserted = try connection.execute(
            """
            INSERT INTO crypto_gaf.samples (ask_prices, ask_sizes, bid_prices, bid_sizes, buys, midpoint, product, sells)
            VALUES (\(prices)::float8[], \(sizes)::float8[], \(prices)::float8[], \(sizes)::float8[], \(buys)::float8[],
                \(midpoint)::float8, 'BTC-USD', \(sells)::float8[])
            """)
        #expect(inserted == 1)
    }

    /// Names the product only where it keeps.
    fileprivate func trim(_ connection: Connection, limit: Int?) throws {
        try connection.execute(
            """
            WITH kept AS (SELECT sample_id FROM crypto_gaf.samples WHERE product = 'BTC-USD' ORDER BY sample_id DESC LIMIT \(limit)::integer)
            DELETE FROM crypto_gaf.samples WHERE sample_id NOT IN (SELECT * FROM kept)
            """)
    }

    fileprivate func draw(_ connection: Connection, _ name: String) throws {
        let updated = try connection.execute(
            """
            UPDATE crypto_gaf.gafs SET midpoint = \(64000.5)::numeric, midpoint_images = \(["sum", "diff \(name)"]),
                orderbook_image = \("book \(name)"), buy_image = \("buy \(name)"), sell_image = \("sell \(name)"), size = 21::smallint
            WHERE product = \("BTC-USD")
            """)
        #expect(updated == 1)
    }
}
