public import Postgres

/// One of a product's five images, as URLs name it.
public enum ImageKind: String, CaseIterable, Sendable {
    case orderbook, buy, sell
    case midpointSummation = "midpoint-summation"
    case midpointDifference = "midpoint-difference"

    /// The value itself. `midpoint_images` holds the summation field, then the difference field.
    var expression: SQL {
        switch self {
        case .orderbook: "orderbook_image"
        case .buy: "buy_image"
        case .sell: "sell_image"
        case .midpointSummation: "midpoint_images[1]"
        case .midpointDifference: "midpoint_images[2]"
        }
    }

    /// What to ask for NULL: a column, since an element would have to be read first.
    fileprivate var column: SQL {
        switch self {
        case .orderbook, .buy, .sell: expression
        case .midpointSummation, .midpointDifference: "midpoint_images"
        }
    }
}

/// Which drawing of a product the table holds. Any writer's update makes a new one (a trigger sees to it).
public struct GafVersion: Equatable, Sendable {
    public let number: Int64
    /// Microseconds since 1970; 0 for a drawing from before anybody took the time.
    public let calculatedMicroseconds: Int64

    public init(number: Int64, calculatedMicroseconds: Int64) {
        self.number = number
        self.calculatedMicroseconds = calculatedMicroseconds
    }
}

/// A product's row, its images still in libpq's memory.
public struct GafImages {
    public let version: GafVersion
    /// UTC, ISO 8601 with milliseconds; nil if nobody took the time.
    public let date: String?
    /// As Postgres writes `numeric`.
    public let midpoint: String?
    public let size: Int
    public let orderbook: Cell?
    public let buy: Cell?
    public let sell: Cell?
    public let midpointDifference: Cell?
}

/// What the HTTP handlers ask of `crypto_gaf.gafs`. Reads only, so each may be asked twice.
public struct GafReads {
    /// What a product has to show.
    public enum Drawing<Found> {
        /// There is no such product.
        case unknown
        /// Its first image is still to come.
        case none
        case drawn(Found)
    }

    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    private static let version: SQL = "version, coalesce((extract(epoch FROM calculated_at) * 1000000)::bigint, 0)"

    /// Looks only at the version: no image is read.
    public func version(of product: String, _ kind: ImageKind = .orderbook) throws(PostgresError) -> Drawing<GafVersion> {
        let rows = try connection.query(
            "SELECT \(Self.version), \(kind.column) IS NOT NULL FROM crypto_gaf.gafs WHERE product = \(product)", binary: true)
        guard let row = try rows.oneOrNil() else { return .unknown }
        guard try row.bool(2) else { return .none }
        return .drawn(try GafVersion(row))
    }

    /// One image, as base64.
    public func image(of product: String, _ kind: ImageKind) throws(PostgresError) -> Drawing<(version: GafVersion, base64: Cell)> {
        let rows = try connection.query(
            "SELECT \(Self.version), \(kind.expression) FROM crypto_gaf.gafs WHERE product = \(product)", binary: true)
        guard let row = try rows.oneOrNil() else { return .unknown }
        guard let image = row.cell(2) else { return .none }
        return .drawn((try GafVersion(row), image))
    }

    /// The four images of the predecessor's answer, with what it says beside them.
    public func images(of product: String) throws(PostgresError) -> Drawing<GafImages> {
        let rows = try connection.query(
            """
            SELECT \(Self.version), to_char(calculated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), midpoint::text,
                size, orderbook_image, buy_image, sell_image, midpoint_images[2]
            FROM crypto_gaf.gafs WHERE product = \(product)
            """, binary: true)
        guard let row = try rows.oneOrNil() else { return .unknown }
        guard let orderbook = row.cell(5) else { return .none }
        return .drawn(
            GafImages(
                version: try GafVersion(row), date: try row.textOrNil(2), midpoint: try row.textOrNil(3), size: try row.intOrNil(4) ?? 0,
                orderbook: orderbook, buy: row.cell(6), sell: row.cell(7), midpointDifference: row.cell(8)))
    }
}

extension GafVersion {
    fileprivate init(_ row: Row) throws(PostgresError) {
        self.init(number: try row.int64(0), calculatedMicroseconds: try row.int64(1))
    }
}
