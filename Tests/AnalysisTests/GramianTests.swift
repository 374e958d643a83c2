import Analysis
import Testing

@Suite("Gramian angular fields")
struct GramianTests {
    @Test("a ramp's summation field is cos(a + b) of the angles π, π/2 and 0")
    func summation() throws {
        let field = try Gramian.field(of: [10, 20, 30], method: .summation)
        #expect(field.values == [1, 0, -1, 0, -1, 0, -1, 0, 1])
        #expect(field[0, 2] == -1)
    }

    @Test("a ramp's difference field is sin(a − b): zero on the diagonal, its mirror image negated")
    func difference() throws {
        let field = try Gramian.field(of: [10, 20, 30], method: .difference)
        #expect(field.values == [0, 1, 0, -1, 0, 1, 0, -1, 0])
    }

    @Test("segments of unequal length are cut at rounded-down multiples")
    func disjointSegments() throws {
        // 7/3 and 14/3 are 2 and 4: 0..<2, 2..<4, 4..<7 have the means 0.5, 2.5, 5.
        let field = try Gramian.field(of: [0, 1, 2, 3, 4, 5, 6], imageSize: 3)
        #expect(field == (try Gramian.field(of: [0.5, 2.5, 5])))
    }

    @Test("overlapping segments are all of the greater length")
    func overlappingSegments() throws {
        // 0..<3, 2..<5, 4..<7: means 1, 3, 5.
        let field = try Gramian.field(of: [0, 1, 2, 3, 4, 5, 6], imageSize: 3, overlapping: true)
        #expect(field == (try Gramian.field(of: [1, 3, 5])))
    }

    @Test("a single pixel is the field of the range's start, whatever the series")
    func onePixel() throws {
        #expect(try Gramian.field(of: [3, 4, 8], imageSize: 1).values == [1])
    }

    @Test("without a sample range the values are taken as cosines")
    func noSampleRange() throws {
        #expect(try Gramian.field(of: [1, 0, -1], sampleRange: nil).values == [1, 0, -1, 0, -1, 0, -1, 0, 1])
    }

    @Test("a constant becomes the range's start")
    func constant() throws {
        #expect(try Gramian.field(of: [7, 7, 7], sampleRange: 0...1).values == [Double](repeating: -1, count: 9))
        #expect(Gramian.grayPixels(of: [7, 7], method: .summation) == [255, 255, 255, 255])
        #expect(Gramian.grayPixels(of: [7, 7], method: .difference) == [127, 127, 127, 127])
    }

    @Test("what it cannot draw is refused with the value received")
    func refusals() {
        #expect(throws: GramianError.notFinite) { try Gramian.field(of: [1, .nan]) }
        #expect(throws: GramianError.imageSize(0, count: 2)) { try Gramian.field(of: [1, 2], imageSize: 0) }
        #expect(throws: GramianError.imageSize(3, count: 2)) { try Gramian.field(of: [1, 2], imageSize: 3) }
        #expect(throws: GramianError.imageSize(0, count: 0)) { try Gramian.field(of: []) }
        #expect(throws: GramianError.sampleRange(-2...1)) { try Gramian.field(of: [1, 2], sampleRange: -2...1) }
        #expect(throws: GramianError.sampleRange(1...1)) { try Gramian.field(of: [1, 2], sampleRange: 1...1) }
        #expect(throws: GramianError.outOfRange) { try Gramian.field(of: [1, 2], sampleRange: nil) }
        #expect(GramianError.imageSize(3, count: 2).description == "the image size must be between 1 and the series' count, 2 (got 3)")
    }

    @Test("the pixel loop agrees with the reference at every size and tail length", arguments: [1, 2, 7, 8, 9, 31, 64, 255, 256, 257, 300])
    func pixelLoop(count: Int) throws {
        var random = SplitMix(seed: UInt64(count))
        let channels = (0..<3).map { _ in (0..<count).map { _ in Double.random(in: 59_000...61_000, using: &random) } }
        let fields = try channels.map { try bytes(Gramian.field(of: $0)) }
        #expect(Gramian.grayPixels(of: channels[0], method: .summation) == fields[0])
        #expect(
            try Gramian.grayPixels(of: channels[0], method: .difference) == bytes(Gramian.field(of: channels[0], method: .difference)))
        let interleaved = (0..<count * count).flatMap { pixel in fields.map { $0[pixel] } }
        #expect(Gramian.rgbPixels(red: channels[0], green: channels[1], blue: channels[2]) == interleaved)
    }

    @Test("a range that is small beside its values saturates instead of wrapping around")
    func lossyScale() {
        // Eight steps of the last bit: scaling rounds far outside [−1, 1].
        let series = (0..<9).map { 1e6 + Double($0) * 1e6.ulp }
        let pixels = Gramian.grayPixels(of: series, method: .summation)
        #expect(pixels[0] == 255)
        #expect(pixels[80] == 255)
    }

    private func bytes(_ field: Gramian.Field) -> [UInt8] { field.values.map { UInt8(max(0, min(255, ($0 + 1) / 2 * 255))) } }
}

/// Source: S. Vigna's SplitMix64, public domain.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
