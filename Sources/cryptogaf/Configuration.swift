import Exchanges
import Jobs
import Lake
import Postgres

/// Everything the environment says, read once; below the program nothing looks there.
///
/// The variables are those of the predecessors; `PG*` of libpq fill what `POSTGRES_*` leave open.
struct Configuration: Sendable {
    /// Parts that a command may be unable to do without.
    enum Section: Sendable {
        case postgres, lake
        /// Connections that stay with one session of the server: of whoever keeps locks or temporary tables there for longer than a
        /// transaction. Through a pooler two clients get the same lock, and the next transaction may be where the table is not.
        case session
    }

    private let settings: PostgresSettings
    /// `SLEEP_INTERVAL`, seconds between two ticks of `collect`.
    let sleepInterval: Duration
    /// `HTTP_TIMEOUT`, seconds for one answer of a venue.
    let httpTimeout: Duration
    /// `COINBASE_URL`, a coinbase-local.
    let coinbaseURL: String
    /// Every venue, at `BINANCE_URL`, `BYBIT_URL` … (of Coinbase `COINBASE_EXCHANGE_URL`) or its public address, asked as often as it
    /// allows or as `BINANCE_RATE_LIMIT` … says, in requests per second.
    let venues: [VenueSite]
    private let lakeSettings: LakeSettings
    /// How long raw objects, facts and logs are kept.
    let retention: Retention
    /// `SQL_DIR`, where `migrations/` and `functions/` are.
    let sqlDirectory: String
    /// `ALLOW_ORIGIN`, the `Access-Control-Allow-Origin` of GET answers; empty: none is sent.
    let allowOrigin: String
    /// `TRACE_REQUESTS`, whether the handlers tell Postgres which request they read for.
    let tracesRequests: Bool
    let logLevel: String

    /// Throws one error that names every variable that is missing or wrong.
    init(environment: [String: String], requires: Set<Section> = [], readFile: (String) -> String?) throws(ConfigurationError) {
        var reader = EnvironmentReader(environment)
        settings = PostgresSettings(&reader, requires: requires, readFile: readFile)
        sleepInterval = reader.duration("SLEEP_INTERVAL", default: .seconds(1), in: .milliseconds(10) ... .seconds(3600))
        httpTimeout = reader.duration("HTTP_TIMEOUT", default: .seconds(10), in: .milliseconds(50) ... .seconds(300))
        coinbaseURL = reader.url("COINBASE_URL", default: "http://coinbase-local:4201")
        venues = Venues.all.map { venue in
            let variable = venue.name == Coinbase.name ? "COINBASE_EXCHANGE_URL" : "\(venue.name.uppercased())_URL"
            return VenueSite(
                venue, baseURL: reader.url(variable, default: venue.publicURL),
                requestsPerSecond: reader.double("\(venue.name.uppercased())_RATE_LIMIT", in: 0.1...10_000))
        }
        lakeSettings = LakeSettings(&reader, required: requires.contains(.lake))
        retention = Retention(&reader)
        sqlDirectory = reader.string("SQL_DIR") ?? "sql"
        allowOrigin = reader.headerValue("ALLOW_ORIGIN", default: "*")
        tracesRequests = reader.flag("TRACE_REQUESTS")
        logLevel = reader.choice("LOG_LEVEL", of: ["debug", "info", "warning", "error"]) ?? "info"
        // CryptoGAF reads it itself, since it logs errors of the configuration in it as well.
        _ = reader.choice("LOG_FORMAT", of: ["text", "json"])
        if !reader.problems.isEmpty { throw ConfigurationError(problems: reader.problems) }
    }

    /// `COINBASE_EXCHANGE_URL`, the public Coinbase Exchange REST API.
    var coinbaseExchangeURL: String { venues.first { $0.name == Coinbase.name }?.baseURL ?? Coinbase.publicURL }

    /// What can be collected from, the default venue first.
    var feeds: [any BookFeed] { [CoinbaseLocal(baseURL: coinbaseURL), Coinbase(baseURL: coinbaseExchangeURL)] }

    /// For commands that require it.
    func lake() throws(ConfigurationError) -> LakeLocation { try required(lakeSettings.lake) }

    /// Where the lake's old objects go; for commands that require the lake.
    func lakeArchive() throws(ConfigurationError) -> LakeLocation { try required(lakeSettings.archive) }

    private func required(_ location: LakeLocation?) throws(ConfigurationError) -> LakeLocation {
        guard let location else { throw ConfigurationError(problems: ["LAKE_URL is not set"]) }
        return location
    }

    /// For one command's connections; `name` is what `pg_stat_activity` shows of them.
    func postgres(as name: String) -> ConnectionOptions {
        ConnectionOptions(
            host: settings.host, port: settings.port, user: settings.user, database: settings.database, password: settings.password,
            applicationName: "cryptogaf \(name)", isPooled: settings.isPooled)
    }
}

/// How to reach Postgres. A member that is nil is left to libpq: `PG*`, a service file, `.pgpass`.
struct PostgresSettings: Sendable {
    let host: String?
    let port: Int?
    let user: String?
    let database: String?
    let password: String?
    /// `POSTGRES_POOLED`: what answers is a pooler that gives a session's transactions to one server or another.
    let isPooled: Bool

    /// Where a container finds the password, as the predecessors had it.
    static let secretFile = "/run/secrets/pg_pw"

    init(_ reader: inout EnvironmentReader, requires: Set<Configuration.Section>, readFile: (String) -> String?) {
        host = reader.string("POSTGRES_HOST")
        port = reader.int("POSTGRES_PORT", in: 1...65535)
        user = reader.string("POSTGRES_USER")
        database = reader.string("POSTGRES_DB")
        password =
            reader.string("POSTGRES_PW")
            ?? (reader.string("PGPASSWORD") == nil ? readFile(Self.secretFile)?.trimmingWhitespace : nil)
        isPooled = reader.flag("POSTGRES_POOLED")
        if isPooled, requires.contains(.session) {
            reader.refuse(
                "POSTGRES_POOLED",
                "must not be true here: this command keeps locks or temporary tables in its session, so it must reach Postgres directly")
        }
        Self.refuseConnectionStrings(&reader)
        guard requires.contains(.postgres), reader.string("PGSERVICE") == nil else { return }
        if host == nil { reader.require("POSTGRES_HOST", or: ["PGHOST", "PGHOSTADDR"]) }
        if user == nil { reader.require("POSTGRES_USER", or: ["PGUSER"]) }
        if database == nil { reader.require("POSTGRES_DB", or: ["PGDATABASE"]) }
    }

    /// Postgres and libpq repeat a name that they do not know in their errors, and one of these would bring its password along.
    private static func refuseConnectionStrings(_ reader: inout EnvironmentReader) {
        let hosts = ["POSTGRES_HOST", "PGHOST", "PGHOSTADDR"]
        for name in hosts + ["POSTGRES_USER", "POSTGRES_DB", "PGUSER", "PGDATABASE"] {
            guard let value = reader.string(name) else { continue }
            guard value.isConnectionString || hosts.contains(name) && value.namesUserBeforeHost else { continue }
            reader.refuse(name, "must be a name by itself, not a connection string: each of its parts has a variable of its own")
        }
    }
}

extension String {
    /// A URL, or keywords and values with a password among them. Source: https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING
    fileprivate var isConnectionString: Bool {
        let text = lowercased()
        return text.contains("://") || text.ranges(of: "password").contains { text[$0.upperBound...].first { !$0.isWhitespace } == "=" }
    }

    /// Of a list of hosts. A socket's directory, which begins with /, may have any sign in it; an abstract socket begins with @.
    fileprivate var namesUserBeforeHost: Bool {
        split(separator: ",").contains { !$0.hasPrefix("/") && $0.dropFirst().contains("@") }
    }

    fileprivate var trimmingWhitespace: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
