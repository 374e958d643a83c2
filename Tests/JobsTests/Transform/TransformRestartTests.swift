import Foundation
import Jobs
import Lake
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

/// `transform` loses all its connections to Postgres, as in a restart, anywhere but in the midst of loading.
@Suite struct TransformRestartTests {
    private let fixture: TransformFixture

    init() throws { fixture = try TransformFixture() }

    /// Nobody gets a row into the table until their session is ended.
    private func hold(_ table: String) throws {
        try fixture.connection.run(
            script: """
                SELECT pg_advisory_lock(4711);
                CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW;
                END $$;
                CREATE TRIGGER wait BEFORE INSERT ON crypto_gaf.\(table) FOR EACH ROW EXECUTE FUNCTION public.wait();
                """)
    }

    private func isAnybody(writing table: String) throws -> Bool {
        try fixture.count(
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND state = 'active' AND query LIKE \("%INSERT INTO crypto_gaf.\(table)%")
            """) > 0
    }

    /// Ends all sessions but the fixture's, and lets those that come after them go on.
    private func endSessions() throws {
        try fixture.connection.run(
            script: """
                SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
                DROP FUNCTION public.wait CASCADE;
                SELECT pg_advisory_unlock(4711);
                """)
    }

    @Test("in the midst of listing the lake: it lists on over new ones, and all that lies there is found and loaded")
    func listing() throws {
        for number in 0..<5 {
            try fixture.put(.minutes(number * 10..<number * 10 + 10, receivedAt: 1000 + Double(number)), isRecorded: false)
        }
        try hold("raw_objects")
        let running = fixture.transforming()
        #expect(try eventually { try isAnybody(writing: "raw_objects") })
        try endSessions()
        let counts = try running.value()
        #expect(counts["discovered"] == 5 && counts["objects"] == 5)
        #expect(try fixture.candles() == 50 && fixture.due() == 0 && LakeListings(fixture.connection).last(.whole) == TransformFixture.now)
        #expect(fixture.log.count("transform.postgres_away") > 0 && fixture.log.count("transform.postgres_back") > 0)
    }

    @Test("a stop ends the waiting for a Postgres that stays away from the listing, and that is no failure")
    func stopped() throws {
        try fixture.put(.minutes(0..<10), isRecorded: false)
        try hold("raw_objects")
        let stop = Stop()
        let running = fixture.transforming(stop: stop)
        #expect(try eventually { try isAnybody(writing: "raw_objects") })
        let name = try fixture.texts("SELECT current_database()")[0]
        try fixture.connection.execute("ALTER DATABASE \(identifier: name) CONNECTION LIMIT 0")
        try endSessions()
        #expect(eventually { fixture.log.count("transform.postgres_away") > 3 })
        stop.request()
        #expect(try running.value() == [:])
        try fixture.connection.execute("ALTER DATABASE \(identifier: name) CONNECTION LIMIT -1")
        #expect(try LakeListings(fixture.connection).last(.whole) == nil && fixture.transform()["discovered"] == 1)
    }

    @Test("before a channel is looked at that this run has stopped: it goes on all the same")
    func resuming() throws {
        try fixture.skipListing()
        let book = try fixture.put(
            .answer(#"{"bids":[["9.5","2"]],"asks":[["10","1"]]}"#, symbol: "BTC-USDT", channel: "depth", receivedAt: 5))
        // The accident, and a sound answer after it.
        try fixture.put(.klines(#"{"candles":[]}"#, receivedAt: 2))
        try fixture.put(.minutes([0], receivedAt: 3))
        try hold("processed_files")
        let running = fixture.transforming()
        // The channel has stopped, and the run is not over yet.
        #expect(
            try eventually {
                try fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") > 0 && isAnybody(writing: "processed_files")
            })
        try endSessions()
        let counts = try running.value()
        #expect(counts["channels_stopped"] == 1 && counts["unreadable"] == 1)
        #expect(try fixture.candles() == 1 && fixture.due() == 0 && fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") == 0)
        #expect(try fixture.texts("SELECT outcome FROM crypto_gaf.processed_files WHERE object_key = \(book)") == ["loaded"])
    }
}
