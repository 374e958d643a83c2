import Analysis
import PNG
import TestSupport

/// Series to bytes, and images to PNG files; one thread, no input or output.
enum ImageBenchmarks {
    /// Fields per second, half of them in RGB images and half grey, scaling included.
    static func fields(size: Int) -> Measurement {
        let series = [104_729, 15_485_863, 32_452_843].map { (offset: Int) -> [Double] in
            (0..<size).map { 60_000 + Double(($0 * 7919 + offset) % 1009) / 8 }
        }
        // Enough that the clock's own grain does not show.
        let repeats = max(1, 360_000 / (size * size))
        let time = median {
            for _ in 0..<repeats {
                consume(Gramian.rgbPixels(red: series[0], green: series[1], blue: series[2]))
                consume(Gramian.grayPixels(of: series[0], method: .summation))
                consume(Gramian.grayPixels(of: series[1], method: .difference))
                consume(Gramian.grayPixels(of: series[2], method: .difference))
            }
        }
        return Measurement(name: "fields_\(size)", value: Double(6 * repeats) / time.seconds, unit: "fields/s")
    }

    /// The five images of each product of `samples`, 600 rows each: time and bytes in sum.
    static func png(_ name: String, _ samples: CaptureSamples) throws -> [Measurement] {
        var encoder = PNGEncoder()
        var (milliseconds, bytes) = (0.0, 0)
        for product in samples.samples.keys.sorted() {
            guard let images = GafPlanes(samples.window(product, newest: 600)) else { continue }
            bytes += try images.files(&encoder).reduce(0) { $0 + $1.count }
            milliseconds += try median { _ = try images.files(&encoder) }.seconds * 1e3
        }
        return [
            Measurement(name: "png_\(name)_time", value: milliseconds, unit: "ms"),
            Measurement(name: "png_\(name)_size", value: Double(bytes), unit: "bytes"),
        ]
    }

    @inline(never) private static func consume(_ pixels: [UInt8]) { precondition(!pixels.isEmpty) }
}

extension GafPlanes {
    /// The five as PNG.
    fileprivate func files(_ encoder: inout PNGEncoder) throws -> [[UInt8]] {
        var files: [[UInt8]] = []
        for pixels in [orderBook, buys, sells] { files.append(try encoder.encode(pixels, width: size, height: size, format: .rgb)) }
        for pixels in [midpointSummation, midpointDifference] {
            files.append(try encoder.encode(pixels, width: size, height: size, format: .gray))
        }
        return files
    }
}
