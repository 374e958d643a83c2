import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct ServeProgramTests {
    private func start(_ environment: [String: String], _ directory: String) throws -> Subprocess {
        try Program.start(["serve", "--socket", "\(directory)/serve", "--threads", "2"], environment: environment)
    }

    @Test("refuses a database without our schema, and one with a newer, and says what to do")
    func wrongSchema() throws {
        let directory = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let empty = try TestPostgres.database(migrated: false)
        let first = try start(empty.environment(), directory)
        #expect(first.wait() == 78)
        #expect(first.output.contains("run cryptogaf migrate"))
        let newer = try TestPostgres.database()
        try newer.connect().execute("INSERT INTO crypto_gaf.migrations (number, name, checksum) VALUES (9999, 'later', 'x')")
        let second = try start(newer.environment(), directory)
        #expect(second.wait() == 78)
        #expect(second.output.contains("use the newer cryptogaf"))
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/serve"))
    }

    @Test("starts without Postgres, and ends on SIGTERM with 0")
    func databaseAway() throws {
        let directory = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let away = ["POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "1", "POSTGRES_USER": "nobody", "POSTGRES_DB": "nothing"]
        let serve = try start(away, directory)
        #expect(serve.waitForOutput("serve.started"))
        #expect(serve.output.contains("serve.database_away"))
        serve.signal(SIGTERM)
        #expect(serve.wait(for: .seconds(20)) == 0)
        #expect(serve.output.contains("serve.stopped"))
    }

    @Test("without descriptors it ends with EX_OSERR and one line")
    func noDescriptors() throws {
        // Enough for the loader, which takes one at a time, and not for the pipe that wakes sleepers.
        let run = try Subprocess.run(
            "/bin/sh", ["-c", "ulimit -n 4; exec \"$0\" serve --socket /tmp/x", Program.path],
            environment: Program.environment(["POSTGRES_HOST": "127.0.0.1", "POSTGRES_USER": "nobody", "POSTGRES_DB": "nothing"]))
        #expect(run.status == 71)
        #expect(run.errors == "cryptogaf: no file descriptors left: Too many open files\n")
    }

    @Test("refuses a socket that another server has, and options that make no sense")
    func refusals() throws {
        let directory = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let database = try TestPostgres.database()
        let first = try start(database.environment(as: "test_api"), directory)
        #expect(first.waitForOutput("serve.started"))
        let second = try start(database.environment(as: "test_api"), directory)
        #expect(second.wait() == 69)
        #expect(second.output.contains("another process serves this socket"))
        for words in [["serve"], ["serve", "--listen", "nowhere"], ["serve", "--socket", "/tmp/x", "--threads", "0"]] {
            #expect(try Program.run(words, environment: database.environment()).status == 64)
        }
        first.signal(SIGTERM)
        #expect(first.wait(for: .seconds(20)) == 0)
    }
}
