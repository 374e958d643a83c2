import Glibc

/// One-dimensional arrays of numbers.
enum NumberArray {
    /// `{1.5,NULL,NaN}`. Nil for another shape, or elements that are no numbers.
    /// `bytes` must be followed by a NUL, as libpq's text values are.
    static func parse(text bytes: UnsafeRawBufferPointer) -> [Double?]? {
        guard bytes.count >= 2, bytes[0] == UInt8(ascii: "{"), bytes[bytes.count - 1] == UInt8(ascii: "}"),
            let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        else { return nil }
        if bytes.count == 2 { return [] }
        var numbers: [Double?] = []
        var position = 1
        while position < bytes.count {
            var end: UnsafeMutablePointer<CChar>?
            if bytes[position] == UInt8(ascii: "N"), bytes[position + 1] == UInt8(ascii: "U") {
                numbers.append(nil)
                position += 4
            } else {
                numbers.append(strtod(base + position, &end))
                guard let end, end > base + position else { return nil }
                position = UnsafePointer(end) - base
            }
            guard position < bytes.count, bytes[position] == UInt8(ascii: ",") || position == bytes.count - 1 else { return nil }
            position += 1
        }
        return numbers
    }

    /// Dimensions, flags, element type, then length and lower bound of each dimension, then length and bytes of each element.
    /// Source: array_send in arrayfuncs.c
    static func parse(binary bytes: UnsafeRawBufferPointer) -> [Double?]? {
        guard bytes.count >= 12 else { return nil }
        let dimensions = bytes.bigEndian(Int32.self, at: 0)
        let type = Field.ValueType(rawValue: bytes.bigEndian(UInt32.self, at: 8))
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.count >= 20 else { return nil }
        let count = Int(bytes.bigEndian(Int32.self, at: 12))
        var numbers: [Double?] = []
        numbers.reserveCapacity(count)
        var position = 20
        for _ in 0..<count {
            guard position + 4 <= bytes.count else { return nil }
            let length = Int(bytes.bigEndian(Int32.self, at: position))
            position += 4
            guard length >= 0 else {
                numbers.append(nil)
                continue
            }
            guard position + length <= bytes.count else { return nil }
            let element = UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
            guard let number = Field(bytes: element, type: type, isBinary: true).binaryDouble else { return nil }
            numbers.append(number)
            position += length
        }
        return numbers
    }
}
