import Analysis
import FoundationEssentials
import TestSupport
import Testing

/// `calculate_images.json`: the images of the last `size` samples of the capture.
private struct ImageOracle: Decodable {
    struct Case: Decodable {
        let product: String
        let size: Int
        let images: [String: Image]
    }

    struct Image: Decodable {
        let sha256: String
    }

    let cases: [Case]
}

/// An image as we draw it, as it is when trades are averaged in decimals, and the digest of the reference's.
private struct Drawn {
    let name: String
    let pixels: [UInt8]
    let exact: [UInt8]
    let digest: String

    /// The five of a case.
    static func all(_ one: ImageOracle.Case, _ window: SampleWindow) throws -> [Drawn] {
        let images = try #require(GafPlanes(window))
        let buys = Gramian.rgbPixels(
            red: exactMeans(window.buys.sizes), green: exactMeans(window.buys.prices), blue: exactMeans(window.buys.counts))
        let sells = Gramian.rgbPixels(
            red: exactMeans(window.sells.prices), green: exactMeans(window.sells.sizes), blue: exactMeans(window.sells.counts))
        let kinds = [
            ("orderbook", images.orderBook, images.orderBook), ("buy", images.buys, buys), ("sell", images.sells, sells),
            ("midpoint_summation", images.midpointSummation, images.midpointSummation),
            ("midpoint_difference", images.midpointDifference, images.midpointDifference),
        ]
        return try kinds.map { kind, pixels, exact in
            Drawn(name: "\(one.product) \(one.size) \(kind)", pixels: pixels, exact: exact, digest: try #require(one.images[kind]).sha256)
        }
    }

    /// The centred means over eleven, of the decimals that the doubles were written from, as Postgres averages `numeric`.
    private static func exactMeans(_ series: [Double]) -> [Double] {
        let decimals = series.map { Decimal(string: "\($0)") ?? .nan }
        return series.indices.map { index in
            let window = decimals[max(0, index - 5)...min(series.count - 1, index + 5)]
            return Double("\(window.reduce(0, +) / Decimal(window.count))") ?? .nan
        }
    }
}

@Suite("Images of the real capture", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
struct CaptureImagesTests {
    @Test("all 90 images are the reference's; trades may differ by one level in a thousandth of the pixels")
    func images() throws {
        let oracle = try JSONDecoder().decode(ImageOracle.self, from: Shared.data("oracles/calculate_images.json"))
        let samples = try CaptureSamples.load()
        let drawn = try oracle.cases.flatMap { try Drawn.all($0, samples.window($0.product, newest: $0.size)) }
        #expect(drawn.count == 90)
        let digests = try sha256(drawn.map(\.exact))
        for (image, digest) in zip(drawn, digests) {
            #expect(digest == image.digest, "\(image.name)")
            if image.pixels == image.exact { continue }
            let off = zip(image.pixels, image.exact).map { abs(Int($0) - Int($1)) }.filter { $0 != 0 }
            #expect(off.count * 1000 <= image.pixels.count && off.allSatisfy { $0 == 1 }, "\(image.name)")
        }
    }
}
