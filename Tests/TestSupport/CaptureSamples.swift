public import Analysis
import FoundationEssentials

/// The samples that the real Coinbase capture yields, per product, oldest first: `samples_coinbase.json`.
public struct CaptureSamples: Decodable, Sendable {
    public struct Row: Decodable, Sendable {
        public let midpoint: Double
        /// Per level: price, size, price levels in the bucket.
        public let asks: [[Double]]
        public let bids: [[Double]]
        /// Price, size, count.
        public let buy: [Double]
        public let sell: [Double]
    }

    public let samples: [String: [Row]]

    public static func load() throws -> CaptureSamples { try load(Shared.path("oracles/samples_coinbase.json")) }

    /// Any file of that shape.
    public static func load(_ path: String) throws -> CaptureSamples {
        try JSONDecoder().decode(CaptureSamples.self, from: Data(contentsOf: URL(filePath: path)))
    }

    /// The newest `count` samples of a product, newest first.
    public func window(_ product: String, newest count: Int) -> SampleWindow {
        SampleWindow((samples[product] ?? []).suffix(count).reversed())
    }
}

extension SampleWindow {
    /// Rows newest first, all with as many levels as the first.
    public init(_ rows: [CaptureSamples.Row]) {
        func side(_ levels: KeyPath<CaptureSamples.Row, [[Double]]>) -> Side {
            let depth = 0..<(rows.first?[keyPath: levels].count ?? 0)
            return Side(
                prices: depth.map { level in rows.map { $0[keyPath: levels][level][0] } },
                sizes: depth.map { level in rows.map { $0[keyPath: levels][level][1] } })
        }
        func trades(_ flow: KeyPath<CaptureSamples.Row, [Double]>) -> Trades {
            Trades(
                prices: rows.map { $0[keyPath: flow][0] }, sizes: rows.map { $0[keyPath: flow][1] },
                counts: rows.map { $0[keyPath: flow][2] })
        }
        self.init(midpoint: rows.map(\.midpoint), asks: side(\.asks), bids: side(\.bids), buys: trades(\.buy), sells: trades(\.sell))
    }
}
