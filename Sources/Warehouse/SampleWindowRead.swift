public import Postgres

/// The newest samples of a product as columns, newest first, NaN where a value is missing.
public struct SampleWindowRead: Equatable, Sendable {
    /// `prices[level][sample]`; as many levels as the deepest sample has.
    public struct Side: Equatable, Sendable {
        public var prices: [[Double]] = []
        public var sizes: [[Double]] = []
    }

    /// Nil if there are no samples.
    public var newestSampleID: Int64?
    /// As Postgres writes `numeric`, so that it goes back unchanged.
    public var newestMidpoint: String?
    public var midpoint: [Double] = []
    public var asks = Side()
    public var bids = Side()
    /// Mean price, size, number: `buys[element][sample]`.
    public var buys: [[Double]] = []
    public var sells: [[Double]] = []

    public var count: Int { midpoint.count }
}

extension SampleRepository {
    /// One query. Complexity: O(limit · depth).
    public func window(_ product: String, limit: Int) throws(PostgresError) -> SampleWindowRead {
        let rows = try connection.query(
            """
            SELECT sample_id, midpoint::text, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells
            FROM crypto_gaf.samples WHERE product = \(product) ORDER BY sample_id DESC LIMIT \(limit)
            """, binary: true)
        var window = SampleWindowRead()
        window.newestSampleID = try rows.first?.int64(0)
        window.newestMidpoint = try rows.first?.textOrNil(1)
        window.midpoint.reserveCapacity(rows.count)
        for row in rows { window.midpoint.append(try row.doubleOrNil(2) ?? .nan) }
        window.asks = .init(prices: try transposed(rows, 3), sizes: try transposed(rows, 4))
        window.bids = .init(prices: try transposed(rows, 5), sizes: try transposed(rows, 6))
        window.buys = try transposed(rows, 7, least: 3)
        window.sells = try transposed(rows, 8, least: 3)
        return window
    }

    /// One series per element of the rows' arrays; where an array is shorter, NULL or holds NULL, NaN.
    private func transposed(_ rows: Rows, _ column: Int, least: Int = 0) throws(PostgresError) -> [[Double]] {
        var series = [[Double]](repeating: [Double](repeating: .nan, count: rows.count), count: least)
        for (index, row) in rows.enumerated() {
            guard let elements = try row.doublesOrNil(column) else { continue }
            while series.count < elements.count { series.append([Double](repeating: .nan, count: rows.count)) }
            for (element, value) in elements.enumerated() {
                if let value { series[element][index] = value }
            }
        }
        return series
    }
}
