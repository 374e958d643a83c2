public import FoundationEssentials
public import Market
public import Postgres

/// What is collected of a product, and how it is drawn.
public struct ProductSettings: Equatable, Sendable {
    public var product: String
    /// Samples kept, and so the side of the images in pixels.
    public var maxSize: Int
    /// Width of a price bucket in the quote currency; 0: single levels.
    public var aggregation: Decimal
    /// Buckets per side.
    public var depth: Int
    /// The least time between two drawings.
    public var redrawInterval: Duration

    public init(product: String, maxSize: Int, aggregation: Decimal, depth: Int, redrawInterval: Duration) {
        self.product = product
        self.maxSize = maxSize
        self.aggregation = aggregation
        self.depth = depth
        self.redrawInterval = redrawInterval
    }
}

/// Settings to give; nil leaves the present value, or the default of a new product.
public struct ProductChanges: Equatable, Sendable {
    /// An image of fewer samples does not exist, one of more takes gigabytes to draw.
    public static let maxSizes = 21...5000
    public static let depths = 1...50

    public var maxSize: Int?
    public var aggregation: Decimal?
    public var depth: Int?
    public var redrawInterval: Duration?

    public init(maxSize: Int? = nil, aggregation: Decimal? = nil, depth: Int? = nil, redrawInterval: Duration? = nil) {
        self.maxSize = maxSize
        self.aggregation = aggregation
        self.depth = depth
        self.redrawInterval = redrawInterval
    }
}

/// The products on show.
public struct ProductRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// In the order of their names.
    public func list() throws(PostgresError) -> [ProductSettings] {
        try connection.query(
            """
            SELECT product, coalesce(max_size, 600), aggregation, depth, (extract(epoch FROM redraw_interval) * 1000000)::bigint
            FROM crypto_gaf.gafs ORDER BY product
            """
        ).map { row throws(PostgresError) in
            ProductSettings(
                product: try row.text(0), maxSize: try row.int(1), aggregation: try row.decimal(2), depth: try row.int(3),
                redrawInterval: .microseconds(try row.int64(4)))
        }
    }

    /// False: it is there already, and stays as it is.
    public func add(_ product: Product, _ settings: ProductChanges = ProductChanges()) throws -> Bool {
        try connection.transaction {
            let added = try connection.execute(
                "INSERT INTO crypto_gaf.gafs (product) VALUES (\(product.id)) ON CONFLICT (product) DO NOTHING")
            return try added == 1 && set(product, settings)
        }
    }

    /// False: there is no such product. Fewer samples to keep take effect with the next tick.
    public func set(_ product: Product, _ changes: ProductChanges) throws(PostgresError) -> Bool {
        try connection.execute(
            """
            UPDATE crypto_gaf.gafs SET max_size = coalesce(\(changes.maxSize)::integer, max_size),
                aggregation = coalesce(\(changes.aggregation)::numeric, aggregation),
                depth = coalesce(\(changes.depth)::integer, depth),
                redraw_interval = coalesce(\(changes.redrawInterval)::interval, redraw_interval)
            WHERE product = \(product.id)
            """) == 1
    }

    /// Takes its samples, images and history along. False: there is no such product.
    public func remove(_ product: Product) throws -> Bool {
        try connection.transaction {
            // From here on no collector can add a sample, which would keep the row.
            try connection.execute("SELECT FROM crypto_gaf.gafs WHERE product = \(product.id) FOR UPDATE")
            try connection.execute("DELETE FROM crypto_gaf.samples WHERE product = \(product.id)")
            return try connection.execute("DELETE FROM crypto_gaf.gafs WHERE product = \(product.id)") == 1
        }
    }
}
