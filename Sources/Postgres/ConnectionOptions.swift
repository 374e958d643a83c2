/// Where Postgres is and who asks. What is nil is left to libpq: its `PG*` variables, `~/.pgpass`, then its defaults.
public struct ConnectionOptions: Sendable {
    /// A host name, an address, or the directory of a Unix socket.
    public var host: String?
    public var port: Int?
    public var user: String?
    public var database: String?
    public var password: String?
    /// What `pg_stat_activity` shows.
    public var applicationName: String
    /// Per address of the host; libpq takes whole seconds, at least two.
    public var connectTimeout: Duration
    /// The server ends a statement after this time; 5 s later we cancel it and stop waiting for a server that does not. Through a pooler
    /// (`isPooled`) the server is not told, so each statement that takes too long ends by our cancelling. Nil: no limit.
    public var statementTimeout: Duration?
    /// Statements kept prepared per connection.
    public var statementCacheSize: Int
    /// A pooler stands between, and may give each transaction another server: nothing is left behind in the session, so no statement is
    /// kept prepared, and who asks for a lock of the session is refused.
    public var isPooled: Bool

    public init(
        host: String? = nil, port: Int? = nil, user: String? = nil, database: String? = nil, password: String? = nil,
        applicationName: String = "cryptogaf", connectTimeout: Duration = .seconds(5), statementTimeout: Duration? = .seconds(30),
        statementCacheSize: Int = 64, isPooled: Bool = false
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.database = database
        self.password = password
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.statementCacheSize = statementCacheSize
        self.isPooled = isPooled
    }

    /// libpq's names. Source: https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    var parameters: [(keyword: String, value: String)] {
        var list = [("application_name", applicationName), ("client_encoding", "UTF8")]
        if let host { list.append(("host", host)) }
        if let port { list.append(("port", String(port))) }
        if let user { list.append(("user", user)) }
        if let database { list.append(("dbname", database)) }
        if let password { list.append(("password", password)) }
        list.append(("connect_timeout", String(max(2, connectTimeout.wholeMilliseconds / 1000))))
        // A peer that vanished without a word is noticed after about a minute when idle, sooner with data on the way.
        list += [("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000")]
        return list
    }

    /// Settings that parsing and waiting rely on, whatever the server's or the role's defaults are. Nor is anything here worth compiling:
    /// loading the compiler takes a new connection longer than our longest read.
    var settings: String {
        // Those that a pooler keeps for each client, since the server reports them; everything else would be the next client's too.
        // Source: https://www.pgbouncer.org/config.html, track_extra_parameters
        if isPooled { return "SET DateStyle = 'ISO'; SET TimeZone = 'UTC'" }
        return "SET DateStyle = 'ISO'; SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; "
            // The server too must notice a peer that vanished: until then it holds the peer's locks. No effect on a Unix socket.
            + "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; "
            + "SET bytea_output = 'hex'; SET jit = off; SET statement_timeout = \(statementTimeout?.wholeMilliseconds ?? 0)"
    }
}

extension ConnectionOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the password, however the value is printed.
    public var description: String {
        let place = [host, port.map { String($0) }].compactMap(\.self).joined(separator: ":")
        return "postgres://\(user ?? "")@\(place)/\(database ?? "")"
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["location": description]) }
}

extension Duration {
    /// Rounded up, so that a short time never becomes none.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
