internal import CPNG
internal import Deflate

/// Encodes raw pixels as PNG files (ISO/IEC 15948), fast: compressed by ISA-L, in a container by libpng.
///
/// Keep one and use it again: it owns scratch memory of about twice the largest image that it has met.
public struct PNGEncoder {
    public enum Format: Sendable {
        /// One byte a pixel.
        case gray
        /// Three bytes a pixel, interleaved.
        case rgb

        var channels: Int { self == .gray ? 1 : 3 }
        var colorType: UInt8 { UInt8(self == .gray ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB) }
    }

    /// Keeps each of a file's lengths within PNG's 31 bits and ISA-L's 32.
    public static let sideLimit = 16_384

    private var stream = FilteredStream()
    private var compressed: [UInt8] = []

    public init() {}

    /// A whole file. `pixels`: 8 bits per sample, row by row from the top, without padding.
    public mutating func encode(_ pixels: [UInt8], width: Int, height: Int, format: Format) throws(PNGError) -> [UInt8] {
        guard (1...Self.sideLimit).contains(width), (1...Self.sideLimit).contains(height) else { throw .size(width: width, height: height) }
        let rowBytes = width * format.channels
        guard pixels.count == rowBytes * height else { throw .pixelCount(pixels.count, expected: rowBytes * height) }
        let count = try compress(Scanlines(pixels: pixels, rowBytes: rowBytes, pixelBytes: format.channels))
        let capacity = count + Int(CPNG_CONTAINER_BYTES)
        let file = [UInt8](unsafeUninitializedCapacity: capacity) { file, written in
            written = cpng_write(
                file.baseAddress, capacity, UInt32(width), UInt32(height), format.colorType, compressed, count)
        }
        guard file.count == capacity else { throw .container }
        return file
    }

    /// Compresses into `compressed`; the bytes that it took.
    private mutating func compress(_ image: Scanlines) throws(PNGError) -> Int {
        let bound = Compressor.bound(image.filteredBytes)
        if compressed.count < bound { compressed = [UInt8](repeating: 0, count: bound) }
        return try stream.compress(image, try filter(for: image), into: &compressed)
    }

    /// The filter that suits the content.
    ///
    /// In these images whole rows repeat, which filter Up turns into zeros. Noise is another matter: its bytes are at least not all equally
    /// frequent until they are filtered. And where Up leaves little, Sub may leave less: some of the rows tell.
    private mutating func filter(for image: Scanlines) throws(PNGError) -> Scanlines.Filter {
        guard image.sampledEntropy(.up) <= image.sampledEntropy(.none) else { return .none }
        let strips = image.strips
        let up = try stream.compress(image, .up, strips, into: &compressed)
        guard up < strips.reduce(0, { $0 + $1.count }) * image.rowBytes / 8 else { return .up }
        return try stream.compress(image, .sub, strips, into: &compressed) < up ? .sub : .up
    }
}

/// An image that cannot be encoded.
public enum PNGError: Error, Equatable, CustomStringConvertible {
    case size(width: Int, height: Int)
    case pixelCount(Int, expected: Int)
    /// ISA-L refused.
    case compression
    /// libpng refused.
    case container

    public var description: String {
        switch self {
        case .size(let width, let height): "a PNG of \(width) × \(height): both must be between 1 and \(PNGEncoder.sideLimit)"
        case .pixelCount(let count, let expected): "the image has \(count) bytes of pixels where its size asks for \(expected)"
        case .compression: "ISA-L could not compress the image"
        case .container: "libpng could not write the image"
        }
    }
}
