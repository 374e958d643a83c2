import Foundation
import Postgres
import TestSupport
import Testing

@testable import cryptogaf

/// `cronjobs/` against what the program knows.
@Suite struct JobCommandTests {
    static let files = ((try? FileManager.default.contentsOfDirectory(atPath: "\(Repository.root)/cronjobs")) ?? []).sorted()

    /// The list under `arguments:`, one `- word` a line.
    private func arguments(_ file: String) throws -> [String] {
        let lines = try String(contentsOfFile: "\(Repository.root)/cronjobs/\(file)", encoding: .utf8).components(separatedBy: "\n")
        return lines.drop { $0 != "arguments:" }.dropFirst().prefix { $0.hasPrefix("  - ") }
            .map { $0.dropFirst(4).trimmingCharacters(in: CharacterSet(charactersIn: "\"")) }
    }

    @Test("every file of the job list names a command, or a job, that the program knows", arguments: files)
    func known(file: String) throws {
        let words = try arguments(file)
        let command = try #require(words.first)
        #expect(CryptoGAF.commands.contains { $0.name == command }, "\(file): there is no command \(command)")
        guard command == JobCommand.name else { return }
        #expect(words.count > 1 && JobCommand.entries.contains { $0.name == words[1] }, "\(file): there is no such job")
        #expect(file == "\(words[1]).yaml")
    }

    @Test("every job has a schedule")
    func scheduled() {
        #expect(JobCommand.entries.map(\.name).filter { !Self.files.contains("\($0).yaml") } == [])
    }

    @Test("the list needs no environment")
    func list() throws {
        let run = try Program.run(["job", "--list"], environment: [:])
        #expect(run.status == 0, "\(run.errors)")
        for entry in JobCommand.entries { #expect(run.output.contains("  \(entry.name) "), "\(entry.name)") }
    }

    @Test("every command line of the job list can be rehearsed, and leaves no trace but in jobs that look further", arguments: files)
    func rehearsed(file: String) throws {
        let database = try TestPostgres.database()
        let lake = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: lake) }
        let environment = database.environment(as: "test_worker").merging(["LAKE_URL": "file://\(lake)"]) { $1 }
        let words = try arguments(file)
        let run = try Program.run(words + ["--dry-run"], environment: environment)
        #expect(run.status == 0, "\(run.errors)")
        guard let entry = JobCommand.entries.first(where: { words.dropFirst().first == $0.name }), entry.rehearsesItself else {
            #expect(run.errors.contains("rehearsed"), "\(run.errors)")
            // Nobody is there, and nobody is asked.
            let nowhere = environment.merging(["POSTGRES_HOST": "/nowhere"]) { $1 }
            #expect(try Program.run(words + ["--dry-run"], environment: nowhere).status == 0)
            #expect(try database.connect().query("SELECT count(*) FROM crypto_gaf.job_runs").one().int(0) == 0)
            return
        }
        #expect(run.errors.contains("job.succeeded"), "\(run.errors)")
    }

    @Test("a rehearsal finds a fault of the command line and of the environment")
    func rehearsedFaults() throws {
        let environment = ["POSTGRES_HOST": "x", "POSTGRES_USER": "x", "POSTGRES_DB": "x", "LAKE_URL": "file:///tmp"]
        #expect(try Program.run(["job", "transform", "--jobs", "99", "--dry-run"], environment: environment).status == 64)
        #expect(try Program.run(["calculate", "--for", "soon", "--dry-run"], environment: environment).status == 64)
        let incomplete = environment.filter { $0.key != "LAKE_URL" }
        #expect(try Program.run(["job", "transform", "--dry-run"], environment: incomplete).status == 78)
    }

    @Test("a job that does not exist is named before the environment is looked at")
    func unknown() throws {
        let run = try Program.run(["job", "sweep"], environment: [:])
        #expect(run.status == 64 && run.errors.contains("there is no job"), "\(run.errors)")
    }

    @Test("a job that does not exist, none at all, or words too many end with 64")
    func usage() throws {
        let environment = ["POSTGRES_HOST": "x", "POSTGRES_USER": "x", "POSTGRES_DB": "x"]
        for words in [["job"], ["job", "sweep"], ["job", "sweep", "up"]] {
            #expect(try Program.run(words, environment: environment).status == 64, "\(words)")
        }
    }
}
