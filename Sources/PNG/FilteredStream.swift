internal import Deflate

/// Filters scanlines and compresses them to zlib streams, with scratch memory that is used again.
struct FilteredStream {
    private var filtered: [UInt8] = []
    private var compressor = Compressor(.zlib)

    /// The length of the stream. `output` holds `Compressor.bound(image.filteredBytes)`.
    ///
    /// - Parameter strips: of rows; nil: all of them.
    mutating func compress(
        _ image: Scanlines, _ filter: Scanlines.Filter, _ strips: [Range<Int>]? = nil, into output: inout [UInt8]
    ) throws(PNGError) -> Int {
        let strips = strips ?? [0..<image.rows]
        let count = strips.reduce(0) { $0 + $1.count } * (image.rowBytes + 1)
        if filtered.count < count { filtered = [UInt8](repeating: 0, count: image.filteredBytes) }
        filtered.withUnsafeMutableBufferPointer { image.write(filter, strips, to: $0.baseAddress!) }
        guard let written = compressor.compress(filtered, count: count, into: &output) else { throw .compression }
        return written
    }
}
