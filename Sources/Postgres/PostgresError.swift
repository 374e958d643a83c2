/// What failed between us and Postgres.
public struct PostgresError: Error, Sendable {
    public enum Code: Sendable, Equatable {
        /// No connection, or it broke; whether a statement on the way took effect is unknown.
        case connection
        /// No answer in time.
        case timeout
        /// The server refused; `sqlState` says why.
        case server
        /// A result that is not what the caller expects.
        case decode
        /// A value that cannot be sent, such as text with a NUL in it.
        case value
        /// A call that makes no sense in this state.
        case usage
    }

    public var code: Code
    /// Five characters. Source: https://www.postgresql.org/docs/15/errcodes-appendix.html
    public var sqlState: String?
    public var message: String
    /// May quote values of the row, so `description` leaves it out.
    public var detail: String?
    public var hint: String?
    public var constraint: String?
    /// With `$1` where values were bound.
    public var query: String?
    /// The connection cannot be used until `reset()`.
    public var isConnectionLost: Bool

    public init(
        _ code: Code, _ message: String, sqlState: String? = nil, detail: String? = nil, hint: String? = nil,
        constraint: String? = nil, query: String? = nil, isConnectionLost: Bool = false
    ) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.detail = detail
        self.hint = hint
        self.constraint = constraint
        self.query = query
        self.isConnectionLost = isConnectionLost
    }

    /// The same statement may succeed later, unchanged: lost connection, timeout, deadlock, full disk, too many clients, a
    /// server that starts, stops or has become a replica.
    public var isRetryable: Bool {
        if isConnectionLost || code == .connection || code == .timeout { return true }
        guard let sqlState else { return false }
        let classes = ["08", "40", "53", "57", "58"]
        return classes.contains { sqlState.hasPrefix($0) } || sqlState == "55P03" || sqlState == "25006"
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    /// One line, safe to show: never a password nor a value that we bound.
    public var description: String {
        var text = sqlState.map { "postgres \($0): " } ?? "postgres: "
        text += message.oneLine
        if let hint { text += " (hint: \(hint.oneLine))" }
        if let query { text += " in: \(query.oneLine.prefix(160))" }
        return text
    }

    /// Everything, for us.
    public var debugDescription: String {
        var text = description
        if let detail { text += "\ndetail: \(detail)" }
        if let query { text += "\nquery: \(query)" }
        return text
    }
}

/// A transaction that failed, and then could not be rolled back either.
public struct TransactionError: Error, CustomStringConvertible {
    public var cause: any Error
    public var rollback: PostgresError

    public var description: String { "\(cause); and the rollback failed: \(rollback)" }
}

extension String {
    fileprivate var oneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
