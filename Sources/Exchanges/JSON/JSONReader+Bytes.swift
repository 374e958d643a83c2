import Market

extension JSONReader {
    /// The next byte that is not blank; nil at the end.
    var peek: UInt8? {
        mutating get {
            skipBlanks()
            return offset < bytes.count ? bytes[offset] : nil
        }
    }

    mutating func skipBlanks() {
        while offset < bytes.count, case let byte = bytes[offset], byte <= 0x20 {
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
            offset += 1
        }
    }

    mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(JSONError) {
        guard accept(character) else { throw error("expected \(character)") }
    }

    mutating func enter(_ character: Unicode.Scalar, _ kind: StaticString) throws(JSONError) {
        guard accept(character) else { throw error("expected \(kind)") }
        depth += 1
        guard depth <= Self.depthLimit else { throw error("nested deeper than \(Self.depthLimit)") }
    }

    mutating func leave() { depth -= 1 }

    /// The bytes between the quotes, and whether they stand for themselves.
    mutating func quoted() throws(JSONError) -> (range: Range<Int>, isPlain: Bool) {
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
    mutating func token() -> Range<Int> {
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

    func isWord(_ range: Range<Int>) -> Bool {
        [StaticString](["true", "false", "null"]).contains { word in
            word.utf8CodeUnitCount == range.count
                && UnsafeBufferPointer(start: word.utf8Start, count: range.count).elementsEqual(bytes[range])
        }
    }

    /// -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?
    func isNumber(_ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        var next: UInt8 { index < range.upperBound ? bytes[index] : 0 }
        func digits() -> Int {
            let start = index
            while next &- 0x30 < 10 { index += 1 }
            return index - start
        }
        if next == UInt8(ascii: "-") { index += 1 }
        let leadingZero = next == UInt8(ascii: "0")
        let whole = digits()
        guard whole == 1 || (whole > 1 && !leadingZero) else { return false }
        if next == UInt8(ascii: ".") {
            index += 1
            guard digits() > 0 else { return false }
        }
        if next | 0x20 == UInt8(ascii: "e") {
            index += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
            guard digits() > 0 else { return false }
        }
        return index == range.upperBound
    }

    func unescaped(_ range: Range<Int>) throws(JSONError) -> String {
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
