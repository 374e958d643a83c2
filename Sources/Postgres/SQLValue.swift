public import FoundationEssentials

/// How a value travels to the server.
public enum Bind: Sendable, Equatable {
    case null
    /// In the server's text format of the inferred type.
    case text(String)
    /// A `text` value, sent as it is.
    case utf8([UInt8])
    /// A `bytea` value, sent as it is.
    case bytes([UInt8])
}

/// What may be interpolated into `SQL`.
public protocol SQLValue {
    var bind: Bind { get }
}

/// What may stand in an array that is interpolated into `SQL`.
public protocol SQLElement: SQLValue {
    static func bind(_ array: [Self]) -> Bind
}

extension SQLElement {
    public static func bind(_ array: [Self]) -> Bind { .text(array.arrayLiteral) }
}

extension String: SQLElement { public var bind: Bind { .text(self) } }
extension Int: SQLElement { public var bind: Bind { .text(String(self)) } }
extension Int32: SQLElement { public var bind: Bind { .text(String(self)) } }
extension Int64: SQLElement { public var bind: Bind { .text(String(self)) } }
extension Bool: SQLElement { public var bind: Bind { .text(self ? "t" : "f") } }
extension Date: SQLElement { public var bind: Bind { .text(Timestamp.text(self)) } }
extension Decimal: SQLElement { public var bind: Bind { .text(isNaN ? "NaN" : description) } }

extension Double: SQLElement {
    public var bind: Bind { .text(isNaN ? "NaN" : isInfinite ? (self < 0 ? "-Infinity" : "Infinity") : String(self)) }
}

/// Seconds and microseconds; what is finer is dropped, as Postgres has no place for it.
extension Duration: SQLElement {
    public var bind: Bind {
        let microseconds = components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
        return .text("\(microseconds) microseconds")
    }
}

/// An array of bytes is one `bytea`.
extension UInt8: SQLElement {
    public var bind: Bind { .text(String(self)) }
    public static func bind(_ array: [UInt8]) -> Bind { .bytes(array) }
}

extension Array: SQLValue where Element: SQLElement {
    public var bind: Bind { Element.bind(self) }
}

extension Optional: SQLValue where Wrapped: SQLValue {
    public var bind: Bind { self?.bind ?? .null }
}

extension Optional: SQLElement where Wrapped: SQLElement {}

extension Sequence where Element: SQLValue {
    /// `{"a","b",NULL}`; every element quoted, so that none can end the literal.
    /// Source: https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO
    public var arrayLiteral: String {
        var out = "{"
        for element in self {
            if out.utf8.count > 1 { out += "," }
            out += element.bind.quotedElement
        }
        return out + "}"
    }
}

extension Bind {
    fileprivate var quotedElement: String {
        switch self {
        case .null: return "NULL"
        case .text(let text): return text.quotedElement
        case .utf8(let bytes): return String(decoding: bytes, as: UTF8.self).quotedElement
        case .bytes(let bytes): return "\"\\\\x" + bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "\""
        }
    }
}

extension String {
    fileprivate var quotedElement: String {
        var out = "\""
        for scalar in unicodeScalars {
            if scalar == "\"" || scalar == "\\" { out += "\\" }
            out.unicodeScalars.append(scalar)
        }
        return out + "\""
    }
}
