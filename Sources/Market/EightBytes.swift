/// The decimal digits that eight bytes begin with, all looked at in one go.
///
/// Source: https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/
struct EightBytes {
    /// Of each byte, the first in the lowest bits: a digit's value, and more than 9 if it is none.
    private let values: UInt64
    /// Bytes before the first that is no digit; 0 to 8.
    let digits: Int

    /// Nil: fewer bytes are left.
    init?(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) {
        guard index + MemoryLayout<UInt64>.size <= bytes.count else { return nil }
        let word = UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: index, as: UInt64.self)
        values = UInt64(littleEndian: word) ^ 0x3030_3030_3030_3030
        // The highest bit of each byte that is above 9. Only such a byte carries into the next one, and only the first of them counts.
        let others = (values &+ 0x7676_7676_7676_7676 | values) & 0x8080_8080_8080_8080
        digits = others.trailingZeroBitCount >> 3
    }

    /// The first digits at the upper end, and zeros before them, which change no number.
    @inline(__always) private func aligned(_ count: Int) -> UInt64 { values << UInt64(64 - 8 * count) }

    /// Digits, but for the zeros at their end.
    var significant: Int { max(0, digits - aligned(digits).leadingZeroBitCount >> 3) }

    /// The number that the first so many digits are; 0 for none.
    @inline(__always) func number(_ count: Int) -> UInt64 {
        let pairs = (aligned(count) &* (10 << 8 + 1)) >> 8 & 0x00ff_00ff_00ff_00ff
        let quads = (pairs &* (100 << 16 + 1)) >> 16 & 0x0000_ffff_0000_ffff
        return (quads &* (10_000 << 32 + 1)) >> 32
    }
}
