import Postgres
import TestSupport
import Warehouse

/// A database as the predecessors left it: their two tables, with rows of every kind that these can hold.
enum PredecessorDatabase {
    struct NotDrawn: Error {}

    /// - Parameter owner: nil: the superuser; else a login user of this name, who gets it all.
    static func make(owner: String? = nil) throws -> TestDatabase {
        let database = try TestPostgres.database(migrated: false)
        if let owner {
            let database = database.name
            try TestPostgres.cluster().connect().run(script: "CREATE ROLE \(owner) LOGIN; GRANT CREATE ON DATABASE \(database) TO \(owner)")
        }
        try database.connect(as: owner ?? "postgres").run(
            script: """
                CREATE SCHEMA crypto_gaf;
                CREATE TABLE crypto_gaf.gafs (product text PRIMARY KEY, max_size integer, size integer, midpoint numeric,
                    midpoint_images text[], orderbook_image text, buy_image text, sell_image text);
                CREATE TABLE crypto_gaf.samples (sample_id bigserial PRIMARY KEY, product text REFERENCES crypto_gaf.gafs (product),
                    midpoint numeric, ask_prices numeric[], ask_sizes numeric[], bid_prices numeric[], bid_sizes numeric[],
                    buys numeric[], sells numeric[]);
                INSERT INTO crypto_gaf.gafs VALUES ('BTC-USD', 600, 2, 64000.50, '{sum,NULL}', 'book', '', NULL);
                INSERT INTO crypto_gaf.gafs (product) VALUES ('never drawn');
                INSERT INTO crypto_gaf.gafs (product, max_size, midpoint) VALUES ('odd "name"; --', -5, 'NaN');
                SELECT setval('crypto_gaf.samples_sample_id_seq', 999);
                INSERT INTO crypto_gaf.samples (product, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells) VALUES
                    ('BTC-USD', 64000.50, '{64001.0,64012,64020}', '{1.00,0,0.00000001}', '{63999}', '{2}', '{0,0,0}', '{64000.1,2,3}'),
                    ('BTC-USD', 64000.25, '{NULL,64012}', '{}', NULL, '{1,2,3,4,5}', '{NaN,1,1}', '{Infinity,0,0}'),
                    ('odd "name"; --', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                    (NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL);
                """)
        return database
    }

    /// Every row of both tables as text, in their columns only.
    static func contents(_ connection: Connection) throws -> [String] {
        let rows = try connection.query(
            """
            (SELECT ROW(product, max_size, size, midpoint, midpoint_images, orderbook_image, buy_image, sell_image)::text
            FROM crypto_gaf.gafs ORDER BY product)
            UNION ALL
            (SELECT ROW(sample_id, product, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells)::text
            FROM crypto_gaf.samples ORDER BY sample_id)
            """)
        return try rows.map { try $0.text(0) }
    }
}

extension PredecessorTests {
    /// The two ways to the present schema.
    enum Origin: CaseIterable {
        case fresh, adopted

        func database() throws -> TestDatabase {
            // Makes the login users, too.
            let fresh = try TestPostgres.database()
            guard self == .adopted else {
                try fresh.connect(as: "test_worker").execute("INSERT INTO crypto_gaf.gafs (product, max_size) VALUES ('BTC-USD', 600)")
                return fresh
            }
            let database = try PredecessorDatabase.make()
            try Migrator(database.connect(), directory: Repository.sql).run()
            return database
        }
    }
}
