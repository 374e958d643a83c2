public import Postgres
import Warehouse

extension TestPostgres {
    static let templateName = "migrated"

    /// A database with the schema on a server of the caller's own, for tests that stop it.
    public static func migrated(_ cluster: PostgresCluster) throws -> ConnectionOptions {
        try makeTemplate(cluster)
        return cluster.options(database: templateName)
    }

    /// A database with the schema and the three login users, to be copied for each test.
    static func makeTemplate(_ cluster: PostgresCluster) throws {
        let admin = try Connection(cluster.options())
        try admin.execute("CREATE DATABASE \(identifier: templateName) TEMPLATE template0")
        try Migrator(Connection(cluster.options(database: templateName)), directory: Repository.sql).run()
        for role in ["owner", "worker", "api"] {
            try admin.execute("CREATE ROLE \(identifier: "test_\(role)") LOGIN IN ROLE \(identifier: "cryptogaf_\(role)")")
        }
    }
}
