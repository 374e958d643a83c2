import Jobs
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

/// A database with products to draw, and everything that was logged of it.
struct CalculateFixture {
    let options: ConnectionOptions
    let connection: Connection
    /// For the program itself.
    let environment: [String: String]
    let log = LogLines()

    /// On the shared server, as `calculate` would be let in: a member of the worker role.
    init() throws {
        let database = try TestPostgres.database()
        options = database.options(as: "test_worker")
        environment = database.environment(as: "test_worker")
        connection = try database.connect()
    }

    /// On a server of the test's own, as the superuser.
    init(_ cluster: PostgresCluster) throws {
        options = cluster.options()
        environment = [:]
        connection = try Connection(options)
        try Migrator(connection, directory: Repository.sql).run()
    }

    func addProducts(_ names: [String], maxSize: Int = 24, samples: Int = 24) throws {
        for name in names {
            try connection.execute("INSERT INTO crypto_gaf.gafs (product, max_size) VALUES (\(name), \(maxSize))")
        }
        for _ in 0..<samples { try appendSample(to: names) }
    }

    func setEnabled(_ on: Bool) throws {
        try connection.execute(
            "INSERT INTO crypto_gaf.jobs (name, enabled) VALUES ('calculate', \(on)) ON CONFLICT (name) DO UPDATE SET enabled = \(on)")
    }

    /// One random sample to each.
    func appendSample(to products: [String]) throws {
        var random = SystemRandomNumberGenerator()
        let rejected = try SampleRepository(connection).append(products.map { CaptureSamples.Row.random(using: &random).record(of: $0) })
        try #require(rejected.isEmpty)
    }

    func job(_ schedule: CalculateJob.Schedule, threads: Int = 1, patience: Duration = .seconds(30), stop: Stop = Stop()) -> CalculateJob {
        CalculateJob(
            CalculateJob.Options(schedule, threads: threads, patience: patience), log: log.log, stop: stop
        ) { [options] () throws(PostgresError) in try Connection(options) }
    }

    /// Runs the loop until `condition` holds, and a little longer, for what it must not do.
    func repeating(until condition: () throws -> Bool) throws -> CalculateJob.Tally {
        let stop = Stop()
        let job = job(.repeating(every: .milliseconds(10), for: .seconds(60)), stop: stop)
        let running = Background { try job.run() }
        #expect(try eventually(within: .seconds(30), condition))
        _ = Stop().sleep(for: .milliseconds(100))
        stop.request()
        return try running.value()
    }

    /// Records every drawing, whoever makes it, in the order of their commits.
    func auditDrawings() throws {
        try connection.run(
            script: """
                CREATE TABLE public.drawings (number bigserial, product text, last_sample_id bigint);
                GRANT ALL ON public.drawings, public.drawings_number_seq TO PUBLIC;
                CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    INSERT INTO public.drawings (product, last_sample_id) VALUES (NEW.product, NEW.last_sample_id);
                    RETURN NULL;
                END $$;
                CREATE TRIGGER audit AFTER UPDATE OF orderbook_image ON crypto_gaf.gafs FOR EACH ROW EXECUTE FUNCTION public.audit();
                """)
    }

    /// How many (product, last sample) were drawn, and how many of them more than once.
    func drawings() throws -> (distinct: Int, repeated: Int) {
        let row = try connection.query(
            "SELECT count(DISTINCT (product, last_sample_id)), count(*) - count(DISTINCT (product, last_sample_id)) FROM public.drawings"
        ).one()
        return (try row.int(0), try row.int(1))
    }

    /// Products whose images do not show their newest sample.
    func undrawn() throws -> [String] {
        try connection.query(
            """
            SELECT product FROM crypto_gaf.gafs g
            WHERE last_sample_id IS DISTINCT FROM (SELECT max(sample_id) FROM crypto_gaf.samples s WHERE s.product = g.product) ORDER BY 1
            """
        ).map { try $0.text(0) }
    }

    /// Products whose row is not whole: images missing, not PNG, or not of the row's size.
    func torn() throws -> [String] {
        try connection.query(
            """
            SELECT product FROM crypto_gaf.gafs WHERE version > 0 AND calculated_at IS NOT NULL AND NOT coalesce((
                SELECT bool_and(substr(png, 1, 8) = '\\x89504e470d0a1a0a' AND right(encode(png, 'hex'), 24) = '0000000049454e44ae426082'
                    AND get_byte(png, 18) * 256 + get_byte(png, 19) = size AND get_byte(png, 22) * 256 + get_byte(png, 23) = size)
                    AND count(*) = 5
                FROM unnest(midpoint_images || ARRAY[orderbook_image, buy_image, sell_image]) image, decode(image, 'base64') png), false)
            """
        ).map { try $0.text(0) }
    }

    /// Held drawing locks, once those of connections just gone have had their time.
    func lingeringLocks() throws -> Int {
        var held = 0
        _ = try eventually(within: .seconds(2)) {
            held = try connection.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 3").one().int(0)
            return held == 0
        }
        return held
    }
}
