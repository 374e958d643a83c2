public import FoundationEssentials
public import Postgres

/// `lake_listings`: when the lake was last looked through for objects that nobody recorded.
public struct LakeListings {
    /// How much of it.
    public enum Extent: String, Sendable {
        /// The last two days.
        case recent
        case whole
    }

    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// Nil: never.
    public func last(_ extent: Extent) throws(PostgresError) -> Date? {
        try connection.query("SELECT listed_at FROM crypto_gaf.lake_listings WHERE extent = \(extent.rawValue)").oneOrNil()?.date(0)
    }

    public func record(_ extent: Extent, at time: Date) throws(PostgresError) {
        try connection.execute(
            """
            INSERT INTO crypto_gaf.lake_listings (extent, listed_at) VALUES (\(extent.rawValue), \(time)::timestamptz)
            ON CONFLICT (extent) DO UPDATE SET listed_at = excluded.listed_at
            """)
    }
}
