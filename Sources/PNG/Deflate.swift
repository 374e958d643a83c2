import CISAL

/// Filters and compresses to zlib streams (RFC 1950), with scratch memory that is used again.
struct Deflate {
    private var filtered: [UInt8] = []
    private var levelBuffer = [UInt8](repeating: 0, count: Int(CISAL_LEVEL_BUFFER_BYTES))

    /// What the stream of incompressible bytes takes: stored blocks of at most 65,535 bytes with five of frame each, header and checksum.
    static func bound(_ count: Int) -> Int { count + 5 * (count / 32_768 + 1) + 256 }

    /// The length of the stream. `output` holds `bound(image.filteredBytes)`.
    mutating func compress(_ image: Scanlines, _ filter: Scanlines.Filter, into output: inout [UInt8]) throws(PNGError) -> Int {
        let count = image.filteredBytes
        if filtered.count < count { filtered = [UInt8](repeating: 0, count: count) }
        filtered.withUnsafeMutableBufferPointer { image.write(filter, to: $0.baseAddress!) }
        let written = cisal_compress(filtered, count, &output, output.count, &levelBuffer)
        guard written > 0 else { throw .compression }
        return written
    }
}
