public import Postgres

/// The schema that this program was built for.
public enum Schema {
    /// The number of the newest file in sql/migrations.
    public static let version = 4

    /// Throws unless the database has exactly this schema.
    public static func verify(_ connection: Connection) throws {
        let found = try newestMigration(connection)
        guard found == version else { throw SchemaError(found: found) }
    }

    /// 0: none.
    private static func newestMigration(_ connection: Connection) throws(PostgresError) -> Int {
        do {
            return try connection.query("SELECT coalesce(max(number), 0) FROM crypto_gaf.migrations").one().int(0)
        } catch {
            // No such table, no such schema.
            guard error.sqlState == "42P01" || error.sqlState == "3F000" else { throw error }
            return 0
        }
    }
}

/// The database's schema is not this program's.
public struct SchemaError: Error, Equatable, CustomStringConvertible {
    /// 0: none at all.
    public let found: Int

    public init(found: Int) { self.found = found }

    public var description: String {
        switch found {
        case 0: "the database has no crypto_gaf schema of ours: run cryptogaf migrate"
        case ..<Schema.version: "the database has schema \(found), this program needs \(Schema.version): run cryptogaf migrate"
        default: "the database has schema \(found), this program knows only up to \(Schema.version): use the newer cryptogaf"
        }
    }
}
