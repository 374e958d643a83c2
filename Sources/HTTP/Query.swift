/// The decoded parameters of a request, in order.
public struct Query: Sendable {
    /// What a query may hold before it is refused.
    public struct Limits: Sendable {
        public var bytes: Int
        public var parameters: Int

        public init(bytes: Int = 4096, parameters: Int = 32) {
            self.bytes = bytes
            self.parameters = parameters
        }
    }

    public let pairs: [(name: String, value: String)]

    public static let empty = Query(pairs: [])

    private init(pairs: [(name: String, value: String)]) { self.pairs = pairs }

    /// - Parameter text: what follows the `?`, still encoded.
    /// - Throws: `targetTooLong` past `limits.bytes`; `invalid` for too many parameters, a malformed `%`, or what is not UTF-8.
    public init(_ text: Substring, limits: Limits = Limits()) throws(Problem) {
        guard text.utf8.count <= limits.bytes else {
            throw Problem(.targetTooLong, "the query is longer than \(limits.bytes) bytes")
        }
        var pairs: [(name: String, value: String)] = []
        for part in text.split(separator: "&") {
            guard pairs.count < limits.parameters else {
                throw Problem(.invalid, "the query has more than \(limits.parameters) parameters")
            }
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Query.decode(sides[0], "a parameter's name", nil)
            let value = sides.count == 2 ? try Query.decode(sides[1], "parameter \"\(name)\"", name) : ""
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    private static func decode(_ text: Substring, _ what: String, _ name: String?) throws(Problem) -> String {
        do {
            return try PercentEncoding.decode(text.utf8, plusIsSpace: true)
        } catch {
            throw Problem(.invalid, "\(what) \(error)", parameter: name)
        }
    }
}

extension Query {
    /// Nil if the parameter is absent; `invalid` if it was given more than once, since no one of the values is the right one.
    public func first(_ name: String) throws(Problem) -> String? {
        var found: String?
        for pair in pairs where pair.name == name {
            guard found == nil else { throw Problem(.invalid, "parameter \"\(name)\" was given more than once", parameter: name) }
            found = pair.value
        }
        return found
    }

    /// - Parameter accepts: completes "parameter … accepts", for the person who left it out.
    public func required(_ name: String, accepts: @autoclosure () -> String) throws(Problem) -> String {
        guard let value = try first(name), !value.isEmpty else {
            throw Problem(.invalid, "parameter \"\(name)\" is required; it accepts \(accepts())", parameter: name)
        }
        return value
    }

    /// One of a closed set of words.
    public func required<Choice: RawRepresentable & CaseIterable>(_ name: String, oneOf: Choice.Type) throws(Problem) -> Choice
    where Choice.RawValue == String {
        let text = try required(name, accepts: Query.list(Choice.self))
        guard let choice = Choice(rawValue: text) else {
            throw Problem(.invalid, "parameter \"\(name)\" accepts \(Query.list(Choice.self))", parameter: name)
        }
        return choice
    }

    private static func list<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) -> String where Choice.RawValue == String {
        type.allCases.map { $0.rawValue }.joined(separator: ", ")
    }

    /// A decimal integer within `range`; `fallback` if absent.
    public func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws(Problem) -> Int {
        guard let text = try first(name) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw Problem(
                .invalid, "parameter \"\(name)\" accepts an integer from \(range.lowerBound) to \(range.upperBound)", parameter: name)
        }
        return value
    }
}
