public import Postgres

/// What the metrics say of one product. Times are seconds before now.
public struct ProductMetrics {
    public let product: String
    /// Such as `LIVE coinbase`; nil before the first sample.
    public let source: String?
    public let imageAge: Double?
    public let sampleAge: Double?
    public let samples: Double
    /// Samples in the latest drawing.
    public let imageSize: Double
    /// Of this clock hour.
    public let drawnImages: Double
    public let drawnBytes: Double
    public let drawSeconds: Double
    public let gaps: Double?
    public let failures: Double?
    /// Its kind, in one of a few words.
    public let lastErrorCode: String?
    public let lastErrorAge: Double?
}

/// What `/metrics` asks: all of it is in the tables, so that any handler gives the same answer.
public struct MetricsReads {
    let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// In the order of the products' names. The samples are counted in their index, and are bounded by `max_size`.
    public func products() throws(PostgresError) -> [ProductMetrics] {
        let rows = try connection.query(
            """
            SELECT g.product, f.source,
                extract(epoch FROM clock_timestamp() - g.calculated_at)::float8,
                extract(epoch FROM clock_timestamp() - coalesce(newest.sampled_at, f.last_sample_at))::float8,
                (SELECT count(*) FROM crypto_gaf.samples s WHERE s.product = g.product)::float8,
                coalesce(g.size, 0)::float8,
                coalesce(d.images, 0)::float8, coalesce(d.bytes, 0)::float8, coalesce(d.milliseconds, 0)::float8 / 1000,
                f.gaps::float8, f.failures::float8, f.last_error_code,
                extract(epoch FROM clock_timestamp() - f.last_error_at)::float8
            FROM crypto_gaf.gafs g
            LEFT JOIN crypto_gaf.feeds f USING (product)
            LEFT JOIN LATERAL \(ProductReads.newestSample) newest ON true
            LEFT JOIN crypto_gaf.draws d ON d.product = g.product AND d.hour = date_trunc('hour', clock_timestamp())
            ORDER BY g.product
            """, binary: true)
        return try rows.map(ProductMetrics.init)
    }
}

extension ProductMetrics {
    fileprivate init(_ row: Row) throws(PostgresError) {
        product = try row.text(0)
        source = try row.textOrNil(1)
        imageAge = try row.doubleOrNil(2)
        sampleAge = try row.doubleOrNil(3)
        samples = try row.double(4)
        imageSize = try row.double(5)
        drawnImages = try row.double(6)
        drawnBytes = try row.double(7)
        drawSeconds = try row.double(8)
        gaps = try row.doubleOrNil(9)
        failures = try row.doubleOrNil(10)
        lastErrorCode = try row.textOrNil(11)
        lastErrorAge = try row.doubleOrNil(12)
    }
}
