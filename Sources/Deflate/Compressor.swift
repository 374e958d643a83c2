internal import CISAL

/// Compresses to deflate streams by ISA-L, with scratch memory that is used again.
public struct Compressor {
    /// What stands around the compressed bytes.
    public enum Format: Sendable {
        /// RFC 1950, as in a PNG.
        case zlib
        /// RFC 1952: one member without name and time, so that equal bytes become equal files.
        case gzip
    }

    private let format: Format
    /// What it holds has no influence on the stream.
    private var levelBuffer = [UInt8](unsafeUninitializedCapacity: Int(CISAL_LEVEL_BUFFER_BYTES)) { $1 = Int(CISAL_LEVEL_BUFFER_BYTES) }

    public init(_ format: Format) { self.format = format }

    /// What the stream of that many incompressible bytes takes: stored blocks of at most 65,535 bytes with five of frame each, header
    /// and checksum.
    public static func bound(_ count: Int) -> Int { count + 5 * (count / 32_768 + 1) + 256 }

    /// The length of the stream of the first `count` bytes; nil if `output`, which should hold `bound(count)`, or 4 GB are too few.
    public mutating func compress(_ input: [UInt8], count: Int, into output: inout [UInt8]) -> Int? {
        output.withUnsafeMutableBufferPointer { compress(input, count: count, into: $0) }
    }

    /// The stream alone; nil from about 4 GB on.
    public mutating func compress(_ input: [UInt8]) -> [UInt8]? {
        let capacity = Self.bound(input.count)
        let stream = [UInt8](unsafeUninitializedCapacity: capacity) { $1 = compress(input, count: input.count, into: $0) ?? 0 }
        return stream.isEmpty ? nil : stream
    }

    private mutating func compress(_ input: [UInt8], count: Int, into output: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        precondition(count <= input.count)
        let kind = Int32(format == .gzip ? CISAL_GZIP : CISAL_ZLIB)
        let written = cisal_compress(kind, input, count, output.baseAddress, output.count, &levelBuffer)
        return written > 0 ? written : nil
    }
}
