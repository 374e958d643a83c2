/// A statement. What is interpolated becomes a bind, never text:
///
///     "SELECT size FROM crypto_gaf.gafs WHERE product = \(product)"
///
/// Binds carry no type: Postgres infers it from where they stand, so a bind that stands nowhere in particular needs a cast
/// (`\(now)::timestamptz`). Other statements may be interpolated as parts.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    enum Part: Sendable {
        case text(String)
        case bind(Bind)
    }

    var parts: [Part]

    public init(stringLiteral value: String) { parts = [.text(value)] }
    public init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    /// Text that the program made itself, such as the contents of a migration.
    public init(unescaped text: String) { parts = [.text(text)] }

    public struct StringInterpolation: StringInterpolationProtocol {
        var parts: [Part] = []

        public init(literalCapacity: Int, interpolationCount: Int) { parts.reserveCapacity(2 * interpolationCount + 1) }

        public mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { parts.append(.text(literal)) }
        }

        public mutating func appendInterpolation(_ value: some SQLValue) { parts.append(.bind(value.bind)) }
        /// NULL for nil.
        public mutating func appendInterpolation(_ value: (some SQLValue)?) { parts.append(.bind(value.bind)) }
        public mutating func appendInterpolation(_ sql: SQL) { parts += sql.parts }

        /// Text that goes over as it is, without becoming a `String`; it must be UTF-8. For base64.
        public mutating func appendInterpolation(utf8 bytes: [UInt8]) { parts.append(.bind(.utf8(bytes))) }

        /// A table, column or role whose name is only known at run time.
        public mutating func appendInterpolation(identifier name: String) { parts.append(.text(name.quotedIdentifier)) }

        /// Pastes text into the statement. Never with what came from outside.
        public mutating func appendInterpolation(unescaped text: String) { parts.append(.text(text)) }
    }

    /// The text with `$1`, `$2` …, and what they stand for.
    var rendered: (text: String, binds: [Bind]) {
        if parts.count == 1, case .text(let text) = parts[0] { return (text, []) }
        var text = ""
        var binds: [Bind] = []
        for part in parts {
            switch part {
            case .text(let piece): text += piece
            case .bind(let bind):
                binds.append(bind)
                text += "$\(binds.count)"
            }
        }
        return (text, binds)
    }
}

extension String {
    /// Source: https://www.postgresql.org/docs/15/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
    var quotedIdentifier: String {
        var out = "\""
        for scalar in unicodeScalars {
            if scalar == "\"" { out += "\"" }
            out.unicodeScalars.append(scalar)
        }
        return out + "\""
    }
}
