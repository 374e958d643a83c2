import Postgres
import TestSupport
import Testing

/// The built program against a real Postgres.
@Suite struct MigrateProgramTests {
    @Test("migrate and product do their work as the roles they are meant for")
    func life() throws {
        let database = try TestPostgres.database()
        let worker = database.environment(as: "test_worker")
        let added = try Program.run(["product", "add", "BTC-USD", "--max-size", "64", "--aggregation", "0.5"], environment: worker)
        #expect(added.status == 0, "\(added.errors)")
        #expect(try Program.run(["product", "set", "BTC-USD", "--redraw-interval", "0"], environment: worker).status == 0)
        let listed = try Program.run(["product", "list", "--json"], environment: worker)
        #expect(listed.output == #"[{"aggregation":"0.5","depth":3,"max_size":64,"product":"BTC-USD","redraw_interval":0}]"# + "\n")
        let table = try Program.run(["product", "list"], environment: worker)
        #expect(
            table.output == """
                PRODUCT  MAX SIZE  AGGREGATION  DEPTH  REDRAW INTERVAL
                BTC-USD        64          0.5      3               0s

                """)
        #expect(try Program.run(["product", "remove", "BTC-USD"], environment: worker).status == 0)
        #expect(try Program.run(["product", "list", "--json"], environment: worker).output == "[]\n")
    }

    @Test(
        "a product command that cannot be is refused with a sentence",
        arguments: [
            (["add"], "product add takes one product (got 0)"),
            (["add", "BTC-USD", "--max-size", "20"], "--max-size takes a whole number from 21 to 5000 (got \"20\")"),
            (["set", "BTC-USD", "--or-set"], "product set needs an option"),
            (["remove", "BTC-USD", "--or-set"], "--or-set goes with product add"),
            (["add", "BTC-USD", "--depth", "0"], "--depth takes a whole number from 1 to 50 (got \"0\")"),
            (["add", "BTC-USD", "--aggregation", "-1"], "--aggregation takes a decimal number from 0 to 1000000000"),
            (["add", "BTC-USD", "--aggregation", "1,5"], "--aggregation takes a decimal number from 0 to 1000000000"),
            (["add", "kraken:"], "product \"kraken:\" is neither SYMBOL nor venue:SYMBOL"),
            (["add", "nope:BTC-USD"], "no venue \"nope\" can be collected from; there are: coinbase-local, coinbase"),
            (["add", "kraken:BTC-USD"], "no venue \"kraken\" can be collected from; there are: coinbase-local, coinbase"),
            (["add", "Coinbase:BTC-USD"], "no venue \"Coinbase\" can be collected from"),
            (["add", "BTC-USD", "--json"], "--json goes with product list"),
            (["drop", "BTC-USD"], "product knows add, list, set and remove (got \"drop\")"),
            (["set", "BTC-USD"], "product set needs an option that says what to set"),
        ])
    func refused(words: [String], message: String) throws {
        let run = try Program.run(
            ["product"] + words,
            environment: ["POSTGRES_HOST": "/nowhere", "POSTGRES_USER": "u", "POSTGRES_DB": "d", "LOG_FORMAT": "text"])
        #expect(run.status == 64)
        #expect(run.errors.replacing("\\\"", with: "\"").contains(message), "\(run.errors)")
    }

    @Test("adding twice and setting what is not there end with 65, a database without schema with 78, no server with 69")
    func codes() throws {
        let worker = try TestPostgres.database().environment(as: "test_worker")
        #expect(try Program.run(["product", "add", "A"], environment: worker).status == 0)
        #expect(try Program.run(["product", "add", "A"], environment: worker).status == 65)
        #expect(try Program.run(["product", "set", "B", "--depth", "4"], environment: worker).status == 65)
        let empty = try TestPostgres.database(migrated: false).environment()
        let run = try Program.run(["product", "list"], environment: empty)
        #expect(run.status == 78)
        #expect(run.errors.contains("run cryptogaf migrate"))
        let nobody = ["POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": String(try Free.port()), "POSTGRES_USER": "u", "POSTGRES_DB": "d"]
        #expect(try Program.run(["migrate"], environment: nobody).status == 69)
    }

    @Test("a product may be of any venue that is collected from; one of another, that somebody left here, can be set and removed")
    func venues() throws {
        let database = try TestPostgres.database()
        let worker = database.environment(as: "test_worker")
        for product in ["coinbase:BTC-USD", "coinbase-local:BTC-USD", "BTC-USD"] {
            #expect(try Program.run(["product", "add", product], environment: worker).status == 0)
        }
        try database.connect().execute("INSERT INTO crypto_gaf.gafs (product) VALUES ('nope:BTC-USD')")
        #expect(try Program.run(["product", "set", "nope:BTC-USD", "--depth", "4"], environment: worker).status == 0)
        #expect(try Program.run(["product", "remove", "nope:BTC-USD"], environment: worker).status == 0)
    }

    @Test("adding with --or-set leaves what is there as it is but for what it is given, however often")
    func addOrSet() throws {
        let worker = try TestPostgres.database().environment(as: "test_worker")
        for _ in 1...2 {
            let run = try Program.run(["product", "add", "A", "--or-set", "--max-size", "64"], environment: worker)
            #expect(run.status == 0, "\(run.errors)")
        }
        #expect(try Program.run(["product", "set", "A", "--depth", "7"], environment: worker).status == 0)
        #expect(try Program.run(["product", "add", "A", "--or-set"], environment: worker).status == 0)
        #expect(try Program.run(["product", "add", "A", "--or-set", "--aggregation", "2"], environment: worker).status == 0)
        let listed = try Program.run(["product", "list", "--json"], environment: worker).output
        #expect(listed == #"[{"aggregation":"2","depth":7,"max_size":64,"product":"A","redraw_interval":5}]"# + "\n")
    }

    @Test("adding with --or-set sets a product that is there, though nobody collects from its venue; one that is not there is refused")
    func addOrSetOfAnotherVenue() throws {
        let database = try TestPostgres.database()
        let worker = database.environment(as: "test_worker")
        let words = ["product", "add", "kraken:BTC-USD", "--or-set", "--max-size", "64"]
        let refused = try Program.run(words, environment: worker)
        #expect(refused.status == 64 && refused.errors.contains("there are: coinbase-local, coinbase"), "\(refused.errors)")
        #expect(try Program.run(["product", "list", "--json"], environment: worker).output == "[]\n")
        try database.connect().execute("INSERT INTO crypto_gaf.gafs (product) VALUES ('kraken:BTC-USD')")
        for words in [words, Array(words.prefix(4))] {
            let run = try Program.run(words, environment: worker)
            #expect(run.status == 0 && run.errors.contains("product.set"), "\(run.errors)")
        }
        #expect(try Program.run(["product", "list"], environment: worker).output.contains(/kraken:BTC-USD +64/))
    }

    @Test("migrate --wait waits for the server and for the schema, changes nothing, and ends when both are there")
    func waits() throws {
        let database = try TestPostgres.database(migrated: false)
        let waiting = try Program.start(["migrate", "--wait", "10m"], environment: database.environment())
        #expect(waiting.waitForOutput("run cryptogaf migrate"), "\(waiting.output)")
        #expect(try database.connect().query("SELECT to_regnamespace('crypto_gaf') IS NULL").one().bool(0))
        #expect(try Program.run(["migrate"], environment: database.environment()).status == 0)
        #expect(waiting.wait() == 0, "\(waiting.output)")
        // Whoever may read the schema's number may wait for it.
        #expect(try Program.run(["migrate", "--wait", "1m"], environment: database.environment(as: "test_api")).status == 0)
    }

    @Test("migrate --wait ends with what was in the way when its time is over, when it is stopped, and when the schema is too new")
    func waitsInVain() throws {
        let empty = try TestPostgres.database(migrated: false).environment()
        #expect(try Program.run(["migrate", "--wait", "1s"], environment: empty).status == 78)
        let nobody = ["POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": String(try Free.port()), "POSTGRES_USER": "u", "POSTGRES_DB": "d"]
        #expect(try Program.run(["migrate", "--wait", "1s"], environment: nobody).status == 69)
        let stopped = try Program.start(["migrate", "--wait", "10m"], environment: nobody)
        #expect(stopped.waitForOutput("migrate.waiting"))
        stopped.signal(15)
        #expect(stopped.wait() == 75, "\(stopped.output)")
        let newer = try TestPostgres.database()
        try newer.connect().execute("INSERT INTO crypto_gaf.migrations (number, name, checksum) VALUES (9999, '9999_x', 'x')")
        let run = try Program.run(["migrate", "--wait", "10m"], environment: newer.environment())
        #expect(run.status == 78 && run.errors.contains("use the newer cryptogaf"), "\(run.errors)")
    }

    @Test("migrate tells what it applied, and the second time nothing")
    func migrate() throws {
        let database = try TestPostgres.database(migrated: false)
        let run = try Program.run(["migrate"], environment: database.environment())
        #expect(run.status == 0)
        #expect(run.errors.contains("0001_gafs_and_samples"))
        #expect(try Program.run(["migrate"], environment: database.environment()).errors.contains("applied") == false)
    }
}
