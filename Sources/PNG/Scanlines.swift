import Glibc

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

    /// Bits that a byte carries after the filter, were its neighbours no help to guess it: 0 … 8, from a few rows of the image.
    func sampledEntropy(_ filter: Filter) -> Double {
        var counts = [Int](repeating: 0, count: 256)
        var row = [UInt8](repeating: 0, count: rowBytes + 1)
        let step = max(1, rows / 8)
        for index in stride(from: min(step / 2, rows - 1), to: rows, by: step) {
            row.withUnsafeMutableBufferPointer { writeRow(index, filter, to: $0.baseAddress!) }
            for byte in row.dropFirst() { counts[Int(byte)] += 1 }
        }
        let total = Double(counts.reduce(0, +))
        return counts.reduce(0) { $1 == 0 ? $0 : $0 - Double($1) / total * log2(Double($1) / total) }
    }

    /// Rows that stand for all: three strips, an eighth of the image, or a small one whole.
    var strips: [Range<Int>] {
        let length = rows / 24
        return length == 0 ? [0..<rows] : [1, 3, 5].map { sixth in rows * sixth / 6..<rows * sixth / 6 + length }
    }

    /// Strips of rows by one filter, one after the other. `output` holds a byte more for each row than the image does.
    func write(_ filter: Filter, _ strips: [Range<Int>], to output: UnsafeMutablePointer<UInt8>) {
        for (place, index) in strips.joined().enumerated() { writeRow(index, filter, to: output + place * (rowBytes + 1)) }
    }

    private func writeRow(_ index: Int, _ filter: Filter, to output: UnsafeMutablePointer<UInt8>) {
        pixels.withUnsafeBufferPointer { pixels in
            let row = pixels.baseAddress! + index * rowBytes
            output.pointee = filter.rawValue
            switch filter {
            case .none: write(row, minus: nil, from: rowBytes, to: output + 1)
            case .sub: write(row, minus: row - pixelBytes, from: pixelBytes, to: output + 1)
            case .up: write(row, minus: row - rowBytes, from: index == 0 ? rowBytes : 0, to: output + 1)
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
