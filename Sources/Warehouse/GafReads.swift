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
    /// Base64. What the row does not have is absent.
    public let base64: [ImageKind: Cell]
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

    /// In floating point, whose error is a fifth of a microsecond: `extract` would calculate in decimal digits.
    private static let version: SQL = "version, coalesce((date_part('epoch', calculated_at) * 1000000)::bigint, 0)"

    /// Put together once: this is asked for every poll of every page.
    private static let versionQueries = [ImageKind: SQL](
        uniqueKeysWithValues: ImageKind.allCases.map { kind in
            (kind, "SELECT \(version), \(kind.column) IS NOT NULL FROM crypto_gaf.gafs WHERE product = ")
        })

    /// Looks only at the version: no image is read.
    public func version(of product: String, _ kind: ImageKind = .orderbook) throws(PostgresError) -> Drawing<GafVersion> {
        let rows = try connection.query("\(Self.versionQueries[kind, default: ""])\(product)", binary: true)
        guard let row = try rows.oneOrNil() else { return .unknown }
        guard try row.bool(2) else { return .none }
        return .drawn(try GafVersion(row))
    }

    /// One image, as base64.
    ///
    /// Images are asked for as text: for a binary result Postgres builds `text` in a buffer that it doubles, which the system
    /// gives page by page and takes back each time.
    public func image(of product: String, _ kind: ImageKind) throws(PostgresError) -> Drawing<(version: GafVersion, base64: Cell)> {
        let rows = try connection.query(
            "SELECT \(Self.version), \(kind.expression) FROM crypto_gaf.gafs WHERE product = \(product)")
        guard let row = try rows.oneOrNil() else { return .unknown }
        guard let image = row.cell(2) else { return .none }
        return .drawn((try GafVersion(row), image))
    }

    /// Several images of one drawing, with what the row says beside them.
    ///
    /// One statement, hence one drawing; but one row per image, since libpq keeps, for as long as it lives, a buffer of twice the
    /// longest row: with the images in one row 4 MB for every worker.
    public func images(of product: String, _ kinds: [ImageKind]) throws(PostgresError) -> Drawing<GafImages> {
        var query: SQL = """
            SELECT '', \(Self.version), to_char(calculated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), midpoint::text, size,
                (orderbook_image IS NOT NULL)::text
            FROM crypto_gaf.gafs WHERE product = \(product)
            """
        for kind in kinds {
            query = """
                \(query) UNION ALL SELECT \(unescaped: "'\(kind.rawValue)'"), NULL, NULL, NULL, NULL, NULL, \(kind.expression)
                FROM crypto_gaf.gafs WHERE product = \(product)
                """
        }
        let rows = try connection.query(query)
        var base64: [ImageKind: Cell] = [:]
        var facts: Row?
        for row in rows {
            if let kind = ImageKind(rawValue: try row.text(0)) { base64[kind] = row.cell(6) } else { facts = row }
        }
        guard let facts else { return .unknown }
        guard try facts.text(6) == "true" else { return .none }
        return .drawn(
            GafImages(
                version: try GafVersion(facts, from: 1), date: try facts.textOrNil(3), midpoint: try facts.textOrNil(4),
                size: try facts.intOrNil(5) ?? 0, base64: base64))
    }
}

extension GafVersion {
    fileprivate init(_ row: Row, from column: Int = 0) throws(PostgresError) {
        self.init(number: try row.int64(column), calculatedMicroseconds: try row.int64(column + 1))
    }
}
