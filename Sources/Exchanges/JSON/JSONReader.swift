import FoundationEssentials
import Market

/// Reads JSON from its bytes in one pass, in the order in which it stands there: the caller says what must come next.
///
/// For venues' answers, where a number's digits count (a `Double` in between would change them) and a body may hold 40,000 price
/// levels of which a handful matter: what is skipped costs a look at each byte and no memory.
/// Source: RFC 8259.
struct JSONReader {
    /// Deeper nesting is an attack or a mistake.
    static let depthLimit = 32

    /// Lives as long as the closure of `read`, which no reader leaves.
    let bytes: UnsafeBufferPointer<UInt8>
    var offset = 0
    var depth = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Reads all of `bytes`: nothing but blanks may follow the value that `body` reads.
    static func read<R>(_ bytes: [UInt8], _ body: (inout JSONReader) throws(JSONError) -> R) throws(JSONError) -> R {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            var reader = JSONReader(buffer)
            let value = try body(&reader)
            try reader.finish()
            return value
        }
    }

    /// Reads the beginning of `bytes`.
    static func readStart<R>(_ bytes: [UInt8], _ body: (inout JSONReader) throws(JSONError) -> R) throws(JSONError) -> R {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            var reader = JSONReader(buffer)
            return try body(&reader)
        }
    }

    /// Calls `member` with each name; it must read or skip the value.
    mutating func object(_ member: (inout JSONReader, JSONName) throws(JSONError) -> Void) throws(JSONError) {
        try enter("{", "an object")
        guard !accept("}") else { return leave() }
        repeat {
            let name = try name()
            try member(&self, name)
        } while accept(",")
        try expect("}")
        leave()
    }

    /// Calls `element` at each element; it must read or skip it.
    mutating func array(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try enter("[", "an array")
        guard !accept("]") else { return leave() }
        repeat { try element(&self) } while accept(",")
        try expect("]")
        leave()
    }

    /// Enters an object up to the value of its member of that name; false: it has none, and is behind. The rest of the object is the
    /// caller's to read, or to leave unread.
    mutating func find(_ wanted: StaticString) throws(JSONError) -> Bool {
        try enter("{", "an object")
        guard !accept("}") else {
            leave()
            return false
        }
        repeat {
            if wanted ~= (try name()) { return true }
            try skip()
        } while accept(",")
        try expect("}")
        leave()
        return false
    }

    /// Whether the object that comes next has a member of that name. Nothing of it is read.
    mutating func holds(_ name: StaticString) throws(JSONError) -> Bool {
        let (start, outside) = (offset, depth)
        let found = try find(name)
        (offset, depth) = (start, outside)
        return found
    }

    /// An object of which only one member counts, which it must have.
    mutating func member<R>(_ wanted: StaticString, _ read: (inout JSONReader) throws(JSONError) -> R) throws(JSONError) -> R {
        var value: R?
        try object { reader, name throws(JSONError) in
            if wanted ~= name { value = try read(&reader) } else { try reader.skip() }
        }
        return try required(value, wanted)
    }

    /// For what an object must have.
    func required<Value>(_ value: Value?, _ name: StaticString) throws(JSONError) -> Value {
        guard let value else { throw error("\(name) is missing") }
        return value
    }

    private mutating func name() throws(JSONError) -> JSONName {
        let (range, isPlain) = try quoted()
        let name = JSONName(bytes: UnsafeBufferPointer(rebasing: bytes[range]), escaped: isPlain ? nil : try unescaped(range))
        try expect(":")
        return name
    }

    /// Between the elements of an array whose elements the caller reads one by one.
    mutating func comma() throws(JSONError) { try expect(",") }

    mutating func begin() throws(JSONError) { try enter("[", "an array") }

    mutating func end() throws(JSONError) {
        try expect("]")
        leave()
    }

    /// The end of an array of which enough has been read: venues add columns.
    mutating func endRow() throws(JSONError) {
        while accept(",") { try skip() }
        try end()
    }

    /// Nothing but blanks may follow.
    private mutating func finish() throws(JSONError) {
        skipBlanks()
        guard offset == bytes.count else { throw error("something follows the end of the value") }
    }

    /// Passes over one value of any kind.
    mutating func skip() throws(JSONError) {
        switch peek {
        case UInt8(ascii: "{"): try object { reader, _ throws(JSONError) in try reader.skip() }
        case UInt8(ascii: "["): try array { reader throws(JSONError) in try reader.skip() }
        case UInt8(ascii: "\""): _ = try quoted()
        default:
            let start = offset
            let range = token()
            guard isWord(range) || isNumber(range) else {
                offset = start
                throw error("expected a value")
            }
        }
    }

    func error(_ reason: String) -> JSONError { JSONError(offset: offset, reason: reason) }
}

/// JSON that is not what was expected, or not JSON.
struct JSONError: Error, Equatable, CustomStringConvertible {
    /// Of the byte where it stopped making sense.
    let offset: Int
    let reason: String
    /// It makes sense, but is about another market than the one asked for.
    var isOfOtherMarket = false

    var description: String { "at byte \(offset): \(reason)" }
}

/// The name of an object's member, compared where it stands. Valid while its reader is.
struct JSONName {
    fileprivate let bytes: UnsafeBufferPointer<UInt8>
    /// Where the bytes do not stand for themselves.
    fileprivate let escaped: String?

    var text: String { escaped ?? String(decoding: bytes, as: UTF8.self) }
}

func ~= (pattern: StaticString, name: JSONName) -> Bool {
    if let escaped = name.escaped { return escaped == pattern.description }
    guard name.bytes.count == pattern.utf8CodeUnitCount else { return false }
    return UnsafeBufferPointer(start: pattern.utf8Start, count: name.bytes.count).elementsEqual(name.bytes)
}
