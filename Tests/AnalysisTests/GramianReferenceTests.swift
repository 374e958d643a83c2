import Analysis
import FoundationEssentials
import TestSupport
import Testing

/// A case of `gaf_pyts.json`: made by pyts in float64.
private struct ReferenceCase: Decodable {
    let series: String
    let values: [Double]
    let method: String
    let imageSize: Int
    let overlapping: Bool
    let sampleRange: [Double]
    let field: [[Double]]

    enum CodingKeys: String, CodingKey {
        case series, values, method, overlapping, field
        case imageSize = "image_size"
        case sampleRange = "sample_range"
    }

    static func all() throws -> [ReferenceCase] {
        try JSONDecoder().decode([ReferenceCase].self, from: Shared.data("oracles/gaf_pyts.json"))
    }

    var title: String { "\(series) \(method) \(imageSize) \(overlapping ? "overlapping" : "disjoint") \(sampleRange)" }

    func computed() throws -> Gramian.Field {
        try Gramian.field(
            of: values, imageSize: imageSize, method: #require(Gramian.Method(rawValue: method)),
            sampleRange: sampleRange[0]...sampleRange[1], overlapping: overlapping)
    }
}

@Suite("Gramian angular fields against pyts", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
struct GramianReferenceTests {
    @Test("all 176 fields are those of pyts to the last bit")
    func fields() throws {
        let cases = try ReferenceCase.all()
        #expect(cases.count == 176)
        for one in cases {
            let field = try one.computed()
            #expect(field.values.map(\.bitPattern) == one.field.joined().map(\.bitPattern), "\(one.title)")
        }
    }

    @Test("the pixel loop gives the bytes of the reference field")
    func pixels() throws {
        let whole = try ReferenceCase.all().filter { $0.imageSize == $0.values.count && $0.sampleRange == [-1, 1] }
        #expect(!whole.isEmpty)
        for one in whole {
            let pixels = Gramian.grayPixels(of: one.values, method: try #require(Gramian.Method(rawValue: one.method)))
            #expect(pixels == one.field.joined().map { UInt8(($0 + 1) / 2 * 255) }, "\(one.title)")
        }
    }
}
