import PNG
import Testing

@Suite("PNG files")
struct PNGEncoderTests {
    @Test("libpng reads back the same pixels", arguments: [(1, 1), (3, 5), (21, 21), (64, 64), (600, 600), (1000, 7)])
    func roundTrip(width: Int, height: Int) throws {
        var encoder = PNGEncoder()
        for pattern in Pattern.allCases {
            for (format, channels) in [(PNGEncoder.Format.gray, 1), (.rgb, 3)] {
                let pixels = pattern.bytes(count: width * height * channels, row: width * channels)
                let file = try encoder.encode(pixels, width: width, height: height, format: format)
                let image = try Decoded(file)
                #expect(image == Decoded(width: width, height: height, channels: channels, pixels: pixels), "\(pattern) \(format)")
            }
        }
    }

    @Test("the file is signature, header, one data chunk and end, each with its right checksum")
    func container() throws {
        var encoder = PNGEncoder()
        let file = try encoder.encode([0, 127, 255, 1, 2, 3], width: 2, height: 1, format: .rgb)
        #expect(Array(file[..<8]) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        let chunks = try Chunk.all(in: file)
        #expect(chunks.map(\.name) == ["IHDR", "IDAT", "IEND"])
        #expect(chunks[0].data == [0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0, 0, 0])
        #expect(chunks.allSatisfy { $0.checksum == $0.computedChecksum })
    }

    @Test("an encoder used again does not remember larger images")
    func reuse() throws {
        var encoder = PNGEncoder()
        let small = Pattern.noise.bytes(count: 21 * 21, row: 21)
        let first = try encoder.encode(small, width: 21, height: 21, format: .gray)
        _ = try encoder.encode(Pattern.noise.bytes(count: 300 * 300 * 3, row: 900), width: 300, height: 300, format: .rgb)
        #expect(try encoder.encode(small, width: 21, height: 21, format: .gray) == first)
    }

    @Test("noise does not grow by more than its frame, and repeated rows vanish")
    func sizes() throws {
        var encoder = PNGEncoder()
        let noise = try encoder.encode(Pattern.noise.bytes(count: 1_080_000, row: 1800), width: 600, height: 600, format: .rgb)
        #expect(noise.count < 1_082_000)
        let rows = try encoder.encode(Pattern.repeatedRows.bytes(count: 1_080_000, row: 1800), width: 600, height: 600, format: .rgb)
        #expect(rows.count < 12_000)
    }

    @Test("an image whose pixels do not fit its size is refused")
    func refusals() {
        var encoder = PNGEncoder()
        #expect(throws: PNGError.pixelCount(5, expected: 6)) {
            try encoder.encode([0, 0, 0, 0, 0], width: 2, height: 1, format: .rgb)
        }
        #expect(throws: PNGError.size(width: 0, height: 3)) { try encoder.encode([], width: 0, height: 3, format: .gray) }
        #expect(throws: PNGError.size(width: 1, height: 16_385)) { try encoder.encode([], width: 1, height: 16_385, format: .gray) }
    }
}

/// Contents that take every path of the encoder.
enum Pattern: CaseIterable {
    case constant, ramp, repeatedRows, noise

    func bytes(count: Int, row: Int) -> [UInt8] {
        var state: UInt64 = 88_172_645_463_325_252
        func next() -> UInt8 {
            // Source: G. Marsaglia, "Xorshift RNGs", 2003.
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
        switch self {
        case .constant: return [UInt8](repeating: 200, count: count)
        case .ramp: return (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        case .noise: return (0..<count).map { _ in next() }
        case .repeatedRows:
            let first = (0..<row).map { _ in next() }
            return (0..<count).map { first[$0 % row] }
        }
    }
}
