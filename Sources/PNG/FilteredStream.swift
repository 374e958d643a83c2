internal import Deflate

/// Filters scanlines and compresses them to zlib streams, with scratch memory that is used again.
struct FilteredStream {
    private var filtered: [UInt8] = []
    private var compressor = Compressor(.zlib)

    /// The length of the stream. `output` holds `Compressor.bound(image.filteredBytes)`.
    mutating func compress(_ image: Scanlines, _ filter: Scanlines.Filter, into output: inout [UInt8]) throws(PNGError) -> Int {
        let count = image.filteredBytes
        if filtered.count < count { filtered = [UInt8](repeating: 0, count: count) }
        filtered.withUnsafeMutableBufferPointer { image.write(filter, to: $0.baseAddress!) }
        guard let written = compressor.compress(filtered, count: count, into: &output) else { throw .compression }
        return written
    }
}
