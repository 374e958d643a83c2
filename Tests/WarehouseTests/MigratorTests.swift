import Foundation
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite struct MigratorTests {
    private func migrate(_ database: TestDatabase, directory: String = Repository.sql) throws -> [Migrator.Event] {
        var events: [Migrator.Event] = []
        try Migrator(database.connect(), directory: directory) { events.append($0) }.run()
        return events
    }

    @Test("an empty database gets every migration and function once, and then nothing")
    func twice() throws {
        let database = try TestPostgres.database(migrated: false)
        let first = try migrate(database)
        #expect(
            first == [
                .applied(migration: "0001_gafs_and_samples"), .applied(migration: "0002_feeds_and_draws"),
                .replaced(function: "stamp_image"),
            ])
        #expect(try migrate(database) == [])
        try Schema.verify(database.connect())
    }

    @Test("the program's schema version is that of the newest file")
    func version() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(Repository.sql)/migrations").sorted()
        #expect(Int(files.last?.prefix(4) ?? "") == Schema.version)
    }
}
