public import Postgres

/// A product with samples that its images do not show yet.
public struct DueProduct: Equatable, Sendable {
    public var product: String
    /// Samples to draw at most.
    public var maxSize: Int
    public var newestSampleID: Int64
}

/// The five images of one drawing, as base64, and what they were drawn from.
public struct GafDrawing: Sendable {
    public var product: String
    public var size: Int
    /// Of the newest sample, as `SampleWindowRead.newestMidpoint` has it.
    public var midpoint: String?
    public var midpointSummation: [UInt8]
    public var midpointDifference: [UInt8]
    public var orderbook: [UInt8]
    public var buy: [UInt8]
    public var sell: [UInt8]
    public var lastSampleID: Int64
    /// Spent on reading, drawing and encoding.
    public var milliseconds: Double

    public init(
        product: String, size: Int, midpoint: String?, midpointSummation: [UInt8], midpointDifference: [UInt8], orderbook: [UInt8],
        buy: [UInt8], sell: [UInt8], lastSampleID: Int64, milliseconds: Double
    ) {
        self.product = product
        self.size = size
        self.midpoint = midpoint
        self.midpointSummation = midpointSummation
        self.midpointDifference = midpointDifference
        self.orderbook = orderbook
        self.buy = buy
        self.sell = sell
        self.lastSampleID = lastSampleID
        self.milliseconds = milliseconds
    }

    var byteCount: Int { [midpointSummation, midpointDifference, orderbook, buy, sell].reduce(0) { $0 + $1.count } }
}

/// The writing side of `crypto_gaf.gafs`.
public struct GafRepository {
    /// Fewer samples make no image.
    public static let leastSamples = 21

    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// From now on a commit on this connection does not wait for the disk. What a crash of the server then takes of the last moments is
    /// whole drawings, and they are due again.
    public func commitWithoutWaiting() throws(PostgresError) { try connection.run(script: "SET synchronous_commit = off") }

    /// What is to be drawn now, the one that has waited longest first.
    ///
    /// - Parameter ignoringInterval: true takes also what was drawn less than its redraw interval ago.
    public func due(ignoringInterval: Bool = false) throws(PostgresError) -> [DueProduct] {
        try due("true", ignoringInterval)
    }

    /// Inside a transaction: takes the product's lock, then looks again. Nil: somebody else draws it, or has drawn it meanwhile.
    public func claim(_ product: String, ignoringInterval: Bool = false) throws(PostgresError) -> DueProduct? {
        guard try AdvisoryLock(.calculate, product).tryAcquireForTransaction(on: connection) else { return nil }
        // A statement of its own, since it must see what was committed before the lock was ours.
        return try due("g.product = \(product)", ignoringInterval).first
    }

    /// One descent into the index for a product that has not changed; only of the others are samples counted, whatever the planner thinks.
    private func due(_ condition: SQL, _ ignoringInterval: Bool) throws(PostgresError) -> [DueProduct] {
        let rows = try connection.query(
            """
            WITH changed AS MATERIALIZED (
                SELECT g.product, g.max_size, g.calculated_at, newest.sample_id
                FROM crypto_gaf.gafs g
                CROSS JOIN LATERAL (
                    SELECT s.sample_id FROM crypto_gaf.samples s WHERE s.product = g.product ORDER BY s.sample_id DESC LIMIT 1) newest
                WHERE \(condition) AND coalesce(g.max_size, 600) >= \(Self.leastSamples)
                    AND newest.sample_id IS DISTINCT FROM g.last_sample_id
                    AND (\(ignoringInterval)::boolean OR g.calculated_at IS NULL
                        OR g.calculated_at + g.redraw_interval <= clock_timestamp()
                        -- The clock was set back: waiting for it would mean hours without an image.
                        OR g.calculated_at > clock_timestamp())
            )
            SELECT product, least(coalesce(max_size, 600), 5000), sample_id FROM changed c
            WHERE EXISTS (SELECT FROM crypto_gaf.samples s WHERE s.product = c.product
                ORDER BY s.sample_id DESC OFFSET \(Self.leastSamples - 1) LIMIT 1)
            ORDER BY calculated_at NULLS FIRST, product
            """, binary: true)
        return try rows.map { row throws(PostgresError) in
            DueProduct(product: try row.text(0), maxSize: try row.int(1), newestSampleID: try row.int64(2))
        }
    }

    /// Stores the images in one UPDATE, and counts them. False: the product is no longer on show.
    public func store(_ drawing: GafDrawing) throws(PostgresError) -> Bool {
        try connection.execute(
            """
            WITH stored AS (
                UPDATE crypto_gaf.gafs SET size = \(drawing.size), midpoint = \(drawing.midpoint)::numeric,
                    midpoint_images = ARRAY[\(utf8: drawing.midpointSummation), \(utf8: drawing.midpointDifference)],
                    orderbook_image = \(utf8: drawing.orderbook), buy_image = \(utf8: drawing.buy), sell_image = \(utf8: drawing.sell),
                    last_sample_id = \(drawing.lastSampleID)
                WHERE product = \(drawing.product) RETURNING product
            ), outdated AS (
                DELETE FROM crypto_gaf.draws d USING stored s WHERE d.product = s.product AND d.hour < now() - interval '30 days'
            )
            INSERT INTO crypto_gaf.draws AS d (product, hour, images, bytes, milliseconds)
            SELECT product, date_trunc('hour', now()), 5, \(drawing.byteCount)::bigint, \(drawing.milliseconds)::float8 FROM stored
            ON CONFLICT (product, hour) DO UPDATE SET images = d.images + excluded.images, bytes = d.bytes + excluded.bytes,
                milliseconds = d.milliseconds + excluded.milliseconds
            """) == 1
    }
}
