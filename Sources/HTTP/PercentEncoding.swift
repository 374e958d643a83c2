/// Percent-decoding of paths and queries (RFC 3986, section 2.1).
enum PercentEncoding {
    enum Flaw: Error { case malformedEscape, notUTF8, nul }

    /// - Parameter plusIsSpace: as browsers encode forms; only queries do.
    static func decode(_ text: Substring.UTF8View, plusIsSpace: Bool) throws(Flaw) -> String {
        if !text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") || $0 >= 0x80 || $0 == 0 }) {
            return String(decoding: text, as: UTF8.self)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit) else { throw .malformedEscape }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        // Postgres text holds no NUL, and no name of ours does.
        guard !bytes.contains(0) else { throw .nul }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension PercentEncoding.Flaw: CustomStringConvertible {
    var description: String {
        switch self {
        case .malformedEscape: "holds a % that two hexadecimal digits do not follow"
        case .notUTF8: "is not UTF-8 once decoded"
        case .nul: "holds a NUL character"
        }
    }
}
