/// Header fields in the order they were set; names compare without case.
///
/// A line break or NUL in a value becomes a space (RFC 9110, section 5.5), so that no value can add a header.
public struct Headers: Sendable, ExpressibleByDictionaryLiteral {
    public private(set) var fields: [(name: String, value: String)] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// The first value of that name; setting replaces all of them.
    public subscript(name: String) -> String? {
        get { fields.first { Headers.same($0.name, name) }?.value }
        set {
            fields.removeAll { Headers.same($0.name, name) }
            if let newValue { append(name, newValue) }
        }
    }

    /// Adds a field beside others of its name.
    public mutating func append(_ name: String, _ value: String) {
        fields.append((name, Headers.oneLine(value)))
    }

    /// Adds an element to a comma-separated field, such as `Vary`.
    public mutating func add(_ element: String, to name: String) {
        guard let list = self[name] else { return append(name, element) }
        self[name] = "\(list), \(element)"
    }

    private static func same(_ a: String, _ b: String) -> Bool {
        guard a.utf8.count == b.utf8.count else { return false }
        if a == b { return true }
        return zip(a.utf8, b.utf8).allSatisfy { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }

    private static func oneLine(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x0a || $0 == 0x0d || $0 == 0 }) else { return value }
        return String(decoding: value.utf8.map { $0 == 0x0a || $0 == 0x0d || $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}
