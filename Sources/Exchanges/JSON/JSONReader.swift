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

    private let bytes: [UInt8]
    private(set) var offset = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Calls `member` with each name; it must read or skip the value.
    mutating func object(_ member: (inout JSONReader, String) throws(JSONError) -> Void) throws(JSONError) {
        try enter("{", "an object")
        guard !accept("}") else { return leave() }
        repeat {
            let name = try string()
            try expect(":")
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

    /// Between the elements of an array whose elements the caller reads one by one.
    mutating func comma() throws(JSONError) { try expect(",") }

    mutating func begin() throws(JSONError) { try enter("[", "an array") }

    mutating func end() throws(JSONError) {
        try expect("]")
        leave()
    }

    /// Nothing but blanks may follow.
    mutating func finish() throws(JSONError) {
        skipBlanks()
        guard offset == bytes.count else { throw error("something follows the end of the value") }
    }

    mutating func string() throws(JSONError) -> String {
        let (range, isPlain) = try quoted()
        return isPlain ? String(decoding: bytes[range], as: UTF8.self) : try unescaped(range)
    }

    /// A number, or a string that holds one: venues send both. Exact to the last digit.
    mutating func decimal() throws(JSONError) -> Decimal {
        let start = offset
        let range = peek == UInt8(ascii: "\"") ? try quoted().range : token()
        do {
            return try Decimal(strict: String(decoding: bytes[range], as: UTF8.self), allowingExponent: true)
        } catch {
            offset = start
            throw self.error("\(error)")
        }
    }

    /// A number without fraction and exponent.
    mutating func integer() throws(JSONError) -> Int64 {
        let start = offset
        let text = String(decoding: bytes[token()], as: UTF8.self)
        guard let value = Int64(text), value.description == text else {
            offset = start
            throw error("expected a whole number")
        }
        return value
    }

    /// A venue's number of a trade or a change: whole, from 0 up to 2⁵³, beyond which JSON numbers are not exact (RFC 8259, section 6).
    mutating func sequence() throws(JSONError) -> Int64 {
        let start = offset
        let value = try integer()
        guard (0...1 << 53).contains(value) else {
            offset = start
            throw error("\(value) is no sequence number")
        }
        return value
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
            let isWord = ["true", "false", "null"].contains { bytes[range].elementsEqual($0.utf8) }
            guard isWord || Self.isNumber(bytes[range]) else {
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

    var description: String { "at byte \(offset): \(reason)" }
}

// MARK: - Bytes

extension JSONReader {
    /// The next byte that is not blank; nil at the end.
    private var peek: UInt8? {
        mutating get {
            skipBlanks()
            return offset < bytes.count ? bytes[offset] : nil
        }
    }

    private mutating func skipBlanks() {
        while offset < bytes.count, bytes[offset] == 0x20 || (bytes[offset] <= 0x0d && [0x09, 0x0a, 0x0d].contains(bytes[offset])) {
            offset += 1
        }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(JSONError) {
        guard accept(character) else { throw error("expected \(character)") }
    }

    private mutating func enter(_ character: Unicode.Scalar, _ kind: String) throws(JSONError) {
        guard accept(character) else { throw error("expected \(kind)") }
        depth += 1
        guard depth <= Self.depthLimit else { throw error("nested deeper than \(Self.depthLimit)") }
    }

    private mutating func leave() { depth -= 1 }

    /// The bytes between the quotes, and whether they stand for themselves.
    private mutating func quoted() throws(JSONError) -> (range: Range<Int>, isPlain: Bool) {
        guard accept("\"") else { throw error("expected a string") }
        let start = offset
        var isPlain = true
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return (start..<offset - 1, isPlain)
            case UInt8(ascii: "\\"):
                isPlain = false
                offset += 2
            case 0..<0x20: throw error("a control character in a string")
            default: offset += 1
            }
        }
        offset = bytes.count
        throw error("the string does not end")
    }

    /// Everything up to the next separator: a number or a word, if it is one.
    private mutating func token() -> Range<Int> {
        skipBlanks()
        let start = offset
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""),
                UInt8(ascii: ":"), 0...0x20:
                return start..<offset
            default: offset += 1
            }
        }
        return start..<offset
    }

    /// -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        func digits() -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let leadingZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole == 1 || (whole > 1 && !leadingZero) else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if let e = rest.first, e | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private func unescaped(_ range: Range<Int>) throws(JSONError) -> String {
        var units: [UInt16] = []
        var index = range.lowerBound
        // UTF-16, because `\u` escapes write characters beyond the first plane as two surrogates.
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                let end = bytes[index..<range.upperBound].firstIndex(of: UInt8(ascii: "\\")) ?? range.upperBound
                units += String(decoding: bytes[index..<end], as: UTF8.self).utf16
                index = end
                continue
            }
            let (unit, length) = try escape(at: index, before: range.upperBound)
            units.append(unit)
            index += length
        }
        return String(decoding: units, as: UTF16.self)
    }

    private func escape(at index: Int, before end: Int) throws(JSONError) -> (unit: UInt16, length: Int) {
        let kind = index + 1 < end ? bytes[index + 1] : 0
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return (UInt16(kind), 2)
        case UInt8(ascii: "b"): return (0x08, 2)
        case UInt8(ascii: "f"): return (0x0c, 2)
        case UInt8(ascii: "n"): return (0x0a, 2)
        case UInt8(ascii: "r"): return (0x0d, 2)
        case UInt8(ascii: "t"): return (0x09, 2)
        case UInt8(ascii: "u") where index + 6 <= end:
            if let unit = UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16) { return (unit, 6) }
        default: break
        }
        throw JSONError(offset: index, reason: "not an escape sequence")
    }
}
