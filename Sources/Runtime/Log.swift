public import FoundationEssentials
import Glibc
import Synchronization

/// Structured log: one line per event on standard error.
///
/// An event is a dotted name (`collect.started`); what it is about stands in fields. Text for a person on a terminal, JSON elsewhere.
public struct Log: Sendable {
    public enum Level: String, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        public static func < (a: Level, b: Level) -> Bool {
            allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
        }
    }

    public enum Format: String, Sendable { case text, json }

    /// What a field holds; numbers stay numbers in JSON.
    public enum Value: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
        ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
    {
        case text(String)
        case integer(Int)
        case number(Double)
        case flag(Bool)

        public init(stringLiteral value: String) { self = .text(value) }
        public init(integerLiteral value: Int) { self = .integer(value) }
        public init(floatLiteral value: Double) { self = .number(value) }
        public init(booleanLiteral value: Bool) { self = .flag(value) }
    }

    public typealias Fields = KeyValuePairs<String, Value>

    private let format: Format
    private let minimum: Level
    private let now: @Sendable () -> Date
    private let write: @Sendable (String) -> Void

    public init(
        format: Format, minimum: Level = .info, now: @escaping @Sendable () -> Date = { Date() },
        write: @escaping @Sendable (String) -> Void = Log.standardError
    ) {
        self.format = format
        self.minimum = minimum
        self.now = now
        self.write = write
    }

    /// Swallows everything; for tests that look elsewhere.
    public static let silent = Log(format: .json, minimum: .error, write: { _ in })

    public func debug(_ event: String, _ fields: Fields = [:]) { log(.debug, event, fields) }
    public func info(_ event: String, _ fields: Fields = [:]) { log(.info, event, fields) }
    public func warning(_ event: String, _ fields: Fields = [:]) { log(.warning, event, fields) }
    public func error(_ event: String, _ fields: Fields = [:]) { log(.error, event, fields) }

    public func log(_ level: Level, _ event: String, _ fields: Fields = [:]) {
        log(level, event, fields: Array(fields))
    }

    /// For fields that are only known at run time.
    public func log(_ level: Level, _ event: String, fields: [(key: String, value: Value)]) {
        guard level >= minimum else { return }
        switch format {
        case .text: write(Log.text(level, event, fields, at: now()))
        case .json: write(Log.json(level, event, fields, at: now()))
        }
    }

    /// One `write(2)` per line, so that lines of several threads and processes do not mix.
    public static let standardError: @Sendable (String) -> Void = { line in
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        var sent = 0
        while sent < bytes.count {
            let n = bytes[sent...].withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if n < 0, errno == EINTR { continue }
            // Nowhere is left to report that the log itself cannot be written.
            guard n > 0 else { return }
            sent += n
        }
    }

    private static func text(_ level: Level, _ event: String, _ fields: [(key: String, value: Value)], at date: Date) -> String {
        var line = "\(timestamp(date).dropFirst(11).prefix(12)) \(level.rawValue.uppercased()) \(event)"
        for (key, value) in fields { line += " \(key)=\(value.plain.escapedForTerminal)" }
        return line
    }

    private static func json(_ level: Level, _ event: String, _ fields: [(key: String, value: Value)], at date: Date) -> String {
        var line = "{\"time\":\"\(timestamp(date))\",\"level\":\"\(level.rawValue)\",\"event\":\(event.jsonQuoted)"
        for (key, value) in fields { line += ",\(key.jsonQuoted):\(value.json)" }
        return line + "}"
    }

    private static func timestamp(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

extension Log.Value {
    fileprivate var plain: String {
        switch self {
        case .text(let s): s
        case .integer(let i): String(i)
        case .number(let d): String(d)
        case .flag(let b): String(b)
        }
    }

    fileprivate var json: String {
        switch self {
        case .text(let s): s.jsonQuoted
        // JSON has no NaN and no infinity.
        case .number(let d) where !d.isFinite: "null"
        default: plain
        }
    }
}

extension String {
    /// RFC 8259, section 7.
    fileprivate var jsonQuoted: String {
        var out = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            // Beside the C0 controls, DEL and the C1 controls, which a terminal obeys as well.
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// What comes from a venue or a client must not move a person's cursor or fake a second line.
    fileprivate var escapedForTerminal: String {
        let isPlain = unicodeScalars.allSatisfy {
            $0.value > 0x20 && !(0x7f...0x9f).contains($0.value) && $0 != "\"" && !$0.properties.isWhitespace
        }
        guard !isPlain else { return self }
        return jsonQuoted
    }
}
