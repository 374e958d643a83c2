import FoundationEssentials
import Market

/// What a capture holds, found by reading it through once: when it begins and ends, and which products have a book in it.
struct CaptureSurvey {
    /// When the first and the last message were received, in nanoseconds since 1970.
    let start: Int64
    let end: Int64
    /// By symbol.
    let products: [SimulatedProduct]

    /// How long it lasts, in nanoseconds.
    var span: Int64 { end - start }

    /// - Parameter report: is told of each line that is none of a capture; messages are checked when they are replayed.
    init(path: String, report: (CaptureFault) -> Void) throws(CaptureError) {
        let reader = try CaptureReader(path: path)
        var times: (first: Int64, last: Int64)?
        var aggregations: [String: Decimal] = [:]
        while let line = try reader.next() {
            guard let parsed = CaptureLine(line) else {
                report(CaptureFault(line: reader.lineNumber, reason: "no line of a capture"))
                continue
            }
            guard case .received(let at, let json) = parsed else { continue }
            times = (times?.first ?? at, max(at, times?.last ?? at))
            guard json.holds(Self.mark), case .snapshot(let product, let asks, let bids)? = try? FeedMessage.decode(json) else { continue }
            let price = (asks.first ?? bids.first)?.price ?? 1
            aggregations[product] = aggregations[product] ?? Self.aggregation(for: price)
        }
        guard let times, !aggregations.isEmpty else { throw CaptureError(path: path, .noSnapshot) }
        (start, end) = times
        products = aggregations.sorted { $0.key < $1.key }.map { SimulatedProduct(symbol: $0.key, aggregation: $0.value) }
    }

    private static let mark = Array("snapshot".utf8)

    /// 5 in the fourth digit of the price: 0.0005 at 0.79, some tenths of a percent at most.
    static func aggregation(for price: Decimal) -> Decimal {
        guard price > 0 else { return 1 }
        var unit = Decimal(1)
        while unit > price { unit /= 10 }
        while unit * 10 <= price { unit *= 10 }
        return unit * 5 / 1000
    }
}
