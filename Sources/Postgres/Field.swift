/// A value as the server sent it. Source: the `*send` functions in src/backend/utils/adt
struct Field {
    enum ValueType: UInt32 {
        case bool = 16
        case bytea = 17
        case int8 = 20
        case int2 = 21
        case int4 = 23
        case text = 25
        case json = 114
        case float4 = 700
        case float8 = 701
        case varchar = 1043
        case timestamptz = 1184
        case numeric = 1700
    }

    let bytes: UnsafeRawBufferPointer
    /// Nil: one that only text format can tell us.
    let type: ValueType?
    let isBinary: Bool

    var string: String { String(decoding: bytes, as: UTF8.self) }
    var isText: Bool { type == .text || type == .varchar || type == .json }

    /// Big-endian, two's complement.
    var binaryInteger: Int64? {
        switch (type, bytes.count) {
        case (.int2, 2): Int64(bytes.bigEndian(Int16.self, at: 0))
        case (.int4, 4): Int64(bytes.bigEndian(Int32.self, at: 0))
        case (.int8, 8), (.timestamptz, 8): bytes.bigEndian(Int64.self, at: 0)
        default: nil
        }
    }

    var binaryDouble: Double? {
        switch (type, bytes.count) {
        case (.float4, 4): Double(Float(bitPattern: bytes.bigEndian(UInt32.self, at: 0)))
        case (.float8, 8): Double(bitPattern: bytes.bigEndian(UInt64.self, at: 0))
        case (.numeric, _): BinaryNumeric(bytes)?.double
        default: binaryInteger.map { Double($0) }
        }
    }

    /// `\x` and two digits a byte.
    var hexBytes: [UInt8]? {
        guard bytes.count >= 2, bytes.count % 2 == 0, bytes[0] == UInt8(ascii: "\\"), bytes[1] == UInt8(ascii: "x") else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count / 2 - 1)
        for i in stride(from: 2, to: bytes.count, by: 2) {
            guard let high = Character(UnicodeScalar(bytes[i])).hexDigitValue,
                let low = Character(UnicodeScalar(bytes[i + 1])).hexDigitValue
            else { return nil }
            out.append(UInt8(high << 4 | low))
        }
        return out
    }
}

extension UnsafeRawBufferPointer {
    func bigEndian<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
        T(bigEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}
