/// A file of sql/migrations: `NNNN_name.sql`.
struct Migration: Equatable {
    let number: Int
    /// Of the file, without `.sql`.
    let name: String
    let text: String
    let checksum: String
}

/// What `crypto_gaf.migrations` says has been applied.
struct AppliedMigration: Equatable {
    let number: Int
    let name: String
    let checksum: String
}

/// Why a database cannot be migrated.
public struct MigrationError: Error, CustomStringConvertible {
    public let message: String
    /// What a statement of the file met.
    public let cause: (any Error)?

    init(_ message: String, cause: (any Error)? = nil) {
        self.message = message
        self.cause = cause
    }

    public var description: String { cause.map { "\(message): \($0)" } ?? message }
}

/// Which files are still to be applied.
enum MigrationPlan {
    /// The number and name of a file; throws for a name that is not `NNNN_name.sql`.
    static func parse(fileName: String) throws(MigrationError) -> (number: Int, name: String) {
        let parts = fileName.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, parts[0].utf8.count == 4, fileName.hasSuffix(".sql"), let number = Int(parts[0]), number > 0 else {
            throw MigrationError("\(fileName) is not named NNNN_name.sql")
        }
        return (number, String(fileName.dropLast(4)))
    }

    /// Throws if history is not what the files say, or the files are not 1, 2, 3 ….
    static func pending(_ files: [Migration], after applied: [AppliedMigration]) throws(MigrationError) -> [Migration] {
        for (index, file) in files.enumerated() where file.number != index + 1 {
            throw MigrationError("\(file.name).sql stands where number \(index + 1) should: one is missing or stands twice")
        }
        let newest = files.last?.number ?? 0
        if let future = applied.last, future.number > newest {
            throw MigrationError("the database has had \(future.name), these files end with number \(newest): use the newer cryptogaf")
        }
        for done in applied {
            guard let file = files.first(where: { $0.number == done.number }) else {
                throw MigrationError("\(done.name).sql was applied to this database, and the file is missing")
            }
            guard file.checksum == done.checksum else {
                throw MigrationError("\(file.name).sql was applied to this database with another text: put that back, and add a new file")
            }
        }
        let numbers = Set(applied.map(\.number))
        return files.filter { !numbers.contains($0.number) }
    }
}
