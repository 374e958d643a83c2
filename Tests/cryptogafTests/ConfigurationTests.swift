import Postgres
import Testing

@testable import cryptogaf

@Suite struct ConfigurationTests {
    private func read(
        _ environment: [String: String], requires: Set<Configuration.Section> = [.postgres], files: [String: String] = [:]
    ) throws(ConfigurationError) -> Configuration {
        try Configuration(environment: environment, requires: requires) { files[$0] }
    }

    private func problems(_ environment: [String: String]) -> [String] {
        do {
            _ = try read(environment)
            return []
        } catch { return error.problems }
    }

    private let reachable = ["POSTGRES_HOST": "db", "POSTGRES_USER": "worker", "POSTGRES_DB": "gaf"]

    @Test("everything missing and everything wrong is told at once")
    func allProblems() {
        #expect(
            problems([
                "POSTGRES_PORT": "70000", "SLEEP_INTERVAL": "soon", "COINBASE_URL": "ftp://x", "LOG_LEVEL": "loud",
            ]) == [
                "POSTGRES_PORT must be a whole number from 1 to 65535 (is \"70000\")",
                "POSTGRES_HOST is not set", "POSTGRES_USER is not set", "POSTGRES_DB is not set",
                "SLEEP_INTERVAL must be a time from 0.01s to 1h (is \"soon\")",
                "COINBASE_URL must be a URL that starts with http:// or https://",
                "LOG_LEVEL must be one of debug, info, warning, error (is \"loud\")",
            ])
    }

    @Test("a secret is never repeated in a message")
    func secrets() {
        let told = problems(["COINBASE_URL": "user:hunter2@host", "POSTGRES_PW": "hunter2"]).joined()
        #expect(!told.contains("hunter2"))
    }

    @Test("the variables of libpq stand in for those of the predecessors")
    func libpqNames() {
        #expect(problems(["PGHOST": "db", "PGUSER": "worker", "PGDATABASE": "gaf"]) == [])
        #expect(problems(["PGSERVICE": "gaf"]) == [])
    }

    @Test("a command that needs no Postgres asks for none")
    func optionalPostgres() throws {
        #expect(try read([:], requires: []).sleepInterval == .seconds(1))
    }

    @Test("an empty variable counts as unset")
    func empty() throws {
        let configuration = try read(reachable.merging(["SLEEP_INTERVAL": "", "COINBASE_URL": ""]) { $1 })
        #expect(configuration.sleepInterval == .seconds(1))
        #expect(configuration.coinbaseURL == "http://coinbase-local:4201")
    }

    @Test("the password comes from the variable, else from the container's secret, without its line end")
    func password() throws {
        let secret = [PostgresSettings.secretFile: "from file\n"]
        #expect(try read(reachable, files: secret).postgres(as: "test").password == "from file")
        #expect(try read(reachable.merging(["POSTGRES_PW": "pw"]) { $1 }, files: secret).postgres(as: "test").password == "pw")
        #expect(try read(reachable.merging(["PGPASSWORD": "pw"]) { $1 }, files: secret).postgres(as: "test").password == nil)
    }

    @Test("a quarter of a second is exactly that, and a URL loses its last slash")
    func values() throws {
        let configuration = try read(
            reachable.merging(["SLEEP_INTERVAL": "0.25", "COINBASE_URL": "http://127.0.0.1:4201/", "ALLOW_ORIGIN": ""]) { $1 })
        #expect(configuration.sleepInterval == .milliseconds(250))
        #expect(configuration.coinbaseURL == "http://127.0.0.1:4201")
        #expect(configuration.allowOrigin == "")
    }
}
