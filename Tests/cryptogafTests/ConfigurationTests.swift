import Jobs
import Lake
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

    @Test("what two parts of the program read is told once if it is wrong, and is the same for both if it is right")
    func toldOnce() throws {
        let wrong = problems(reachable.merging(["COINBASE_EXCHANGE_URL": "ftp://x"]) { $1 })
        #expect(wrong == ["COINBASE_EXCHANGE_URL must be a URL that starts with http:// or https://"])
        let configuration = try read(reachable.merging(["COINBASE_EXCHANGE_URL": "http://127.0.0.1:9"]) { $1 })
        #expect(configuration.coinbaseExchangeURL == "http://127.0.0.1:9")
        #expect(configuration.venues.first { $0.name == "coinbase" }?.baseURL == "http://127.0.0.1:9")
        #expect(try read(reachable).coinbaseExchangeURL == "https://api.exchange.coinbase.com")
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

    @Test("through a pooler no statement is kept, and who keeps locks or temporary tables in a session is refused")
    func pooled() throws {
        let pooled = reachable.merging(["POSTGRES_POOLED": "true"]) { $1 }
        #expect(try read(pooled).postgres(as: "serve").isPooled)
        #expect(try !read(reachable).postgres(as: "serve").isPooled)
        let refusal = #expect(throws: ConfigurationError.self) { try read(pooled, requires: [.postgres, .session]) }
        #expect(
            refusal?.problems == [
                "POSTGRES_POOLED must not be true here: this command keeps locks or temporary tables in its session, so it must reach "
                    + "Postgres directly"
            ])
        for words in [["collect"], ["migrate"], ["job", "aggregate"], ["backfill"], ["replay"]] {
            let command = try #require(CryptoGAF.commands.first { $0.name == words[0] })
            #expect(command.requires(for: Array(words.dropFirst())).contains(.session), "\(words)")
        }
        #expect(!MigrateCommand.requires(for: ["--wait", "10m"]).contains(.session))
        #expect(!ServeCommand.requires.contains(.session))
        #expect(
            problems(reachable.merging(["POSTGRES_POOLED": "yes"]) { $1 }) == ["POSTGRES_POOLED must be one of true, false (is \"yes\")"])
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

    @Test(
        "a connection string where a name belongs is refused, and its password is not repeated", arguments: ["POSTGRES_HOST", "PGDATABASE"])
    func connectionString(name: String) {
        for value in [
            "postgresql://u:hunter2@127.0.0.1:5432/a", "host=h password=hunter2", "dbname=x password = hunter2", "sslPassWord\t=hunter2",
        ] {
            #expect { try read(reachable.merging([name: value]) { $1 }) } throws: { error in
                let problems = (error as? ConfigurationError)?.problems ?? []
                return problems.count == 1 && problems[0].hasPrefix("\(name) must be a name by itself") && !problems[0].contains("hunter2")
            }
        }
    }

    @Test("a user and a password before a host are refused, and not repeated", arguments: ["POSTGRES_HOST", "PGHOST", "PGHOSTADDR"])
    func userBeforeHost(name: String) {
        for value in ["u:hunter2@127.0.0.1", "db,u:hunter2@db2", "@u:hunter2@db"] {
            let told = problems(reachable.merging([name: value]) { $1 })
            #expect(told.count == 1 && told[0].hasPrefix("\(name) must be a name by itself") && !told[0].contains("hunter2"))
        }
    }

    @Test("every name that libpq takes for a host, a user or a database is taken")
    func names() {
        let hosts = ["/var/run/postgresql", "/run/postgres@15,db", "@abstract", "db,@abstract", "::1", "fe80::1%eth0,10.0.0.1", "db1,db2"]
        for host in hosts { #expect(problems(reachable.merging(["POSTGRES_HOST": host]) { $1 }) == []) }
        for name in ["a=b", "password", "the password of = x", "u@server", "x:y@z"] {
            #expect(problems(reachable.merging(["POSTGRES_DB": name, "POSTGRES_USER": name]) { $1 }) == [])
        }
    }

    @Test("the archive lies inside the lake, unseen by its listings, unless another place is named")
    func archive() throws {
        let inside = try read(["LAKE_URL": "file:///data/lake/"], requires: [.lake])
        #expect(try inside.lake().url == "file:///data/lake" && inside.lakeArchive().url == "file:///data/lake/.archive")
        let keys = ["S3_ENDPOINT": "http://127.0.0.1:9000", "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b"]
        let apart = try read(keys.merging(["LAKE_URL": "s3://lake", "LAKE_ARCHIVE_URL": "file:///old"]) { $1 }, requires: [.lake])
        #expect(try apart.lake().url == "s3://lake" && apart.lakeArchive().url == "file:///old")
    }

    @Test("what is wrong with the lake is told with everything else, and no key with it")
    func lakeProblems() {
        func problems(_ environment: [String: String]) -> [String] {
            do {
                _ = try read(environment, requires: [.lake])
                return []
            } catch { return error.problems }
        }
        #expect(problems([:]) == ["LAKE_URL is not set"])
        #expect(problems(["LAKE_URL": "/data"]) == ["LAKE_URL must be file:///FOLDER, s3://BUCKET or s3://BUCKET/PREFIX"])
        #expect(problems(["LAKE_URL": "s3://lake"]) == ["S3_ACCESS_KEY is not set", "S3_SECRET_KEY is not set"])
        #expect(
            problems(["LAKE_URL": "file:///a", "LAKE_ARCHIVE_URL": "file:///a/b"])
                == ["LAKE_ARCHIVE_URL must be outside of LAKE_URL, or left out"])
        let keys = ["S3_ACCESS_KEY": "AKID", "S3_SECRET_KEY": "hunter2"]
        #expect(
            problems(keys.merging(["LAKE_URL": "s3://AKID:hunter2@lake/p"]) { $1 }) == [
                "LAKE_URL must be in a bucket whose name is letters, digits, dots, hyphens and underscores; keys do not belong into the URL"
            ])
        #expect(problems(keys.merging(["LAKE_URL": "s3://My_lake.v2-eu/p"]) { $1 }) == [])
        let wrong = problems([
            "LAKE_URL": "s3://lake", "S3_ACCESS_KEY": "AKID", "S3_SECRET_KEY": "hunter2", "S3_REGION": "eu:west", "S3_ENDPOINT": "h:9000",
        ])
        #expect(
            wrong == [
                "S3_ENDPOINT must be a URL that starts with http:// or https://",
                "S3_REGION must be letters, digits and hyphens, such as us-east-1",
            ])
    }
}
