/// Strings as JSON writes them (RFC 8259, section 7), for answers that are too large, or too small, for an encoder.
public enum JSONText {
    public static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars { append(scalar, to: &out) }
        return out + "\""
    }

    /// Whether bytes can stand between quotation marks as they are. The caller knows that they are UTF-8.
    ///
    /// Runs over megabytes for every answer: written so that the compiler makes vectors of it.
    public static func needsNoEscape(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var blockStart = 0
        while blockStart < bytes.count {
            let blockEnd = min(blockStart + 4096, bytes.count)
            var special: UInt8 = 0
            for index in blockStart..<blockEnd {
                let byte = bytes[index]
                special |= (byte < 0x20 ? 1 : 0) | (byte == 0x22 ? 1 : 0) | (byte == 0x5c ? 1 : 0)
            }
            if special != 0 { return false }
            blockStart = blockEnd
        }
        return true
    }

    private static func append(_ scalar: Unicode.Scalar, to out: inout String) {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case _ where scalar.value < 0x20:
            let hex = String(scalar.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: out.unicodeScalars.append(scalar)
        }
    }
}
