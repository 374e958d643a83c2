/// An image's rows, and what PNG's filters make of them.
///
/// Source: ISO/IEC 15948, section 9.
struct Scanlines {
    enum Filter: UInt8 {
        /// The bytes themselves.
        case none = 0
        /// Differences from the pixel to the left.
        case sub = 1
        /// Differences from the pixel above.
        case up = 2
    }

    let pixels: [UInt8]
    let rowBytes: Int
    let pixelBytes: Int

    var rows: Int { pixels.count / rowBytes }

    /// Each row is led by the number of its filter.
    var filteredBytes: Int { pixels.count + rows }

    /// All rows by one filter. `output` holds `filteredBytes`.
    func write(_ filter: Filter, to output: UnsafeMutablePointer<UInt8>) {
        pixels.withUnsafeBufferPointer { pixels in
            var (row, out) = (pixels.baseAddress!, output)
            for index in 0..<rows {
                out.pointee = filter.rawValue
                switch filter {
                case .none: write(row, minus: nil, from: rowBytes, to: out + 1)
                case .sub: write(row, minus: row - pixelBytes, from: pixelBytes, to: out + 1)
                case .up: write(row, minus: row - rowBytes, from: index == 0 ? rowBytes : 0, to: out + 1)
                }
                row += rowBytes
                out += rowBytes + 1
            }
        }
    }

    /// The first `start` bytes have no neighbour, which counts as zero.
    private func write(
        _ row: UnsafePointer<UInt8>, minus neighbour: UnsafePointer<UInt8>?, from start: Int, to out: UnsafeMutablePointer<UInt8>
    ) {
        out.update(from: row, count: start)
        guard let neighbour else { return }
        for i in start..<rowBytes { out[i] = row[i] &- neighbour[i] }
    }
}
