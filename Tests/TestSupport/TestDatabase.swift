import Foundation
public import Postgres
import Synchronization

/// The throw-away Postgres of this test process, started when a test first asks for it.
public enum TestPostgres {
    private enum State {
        case none
        case running(PostgresCluster)
        case failed(any Error)
    }

    private static let state = Mutex(State.none)
    private static let template = Mutex(false)

    /// Shared by all tests of the process: whoever stops or kills a server takes a `PostgresCluster` of his own.
    public static func cluster() throws -> PostgresCluster {
        try state.withLock { state in
            switch state {
            case .running(let cluster): return cluster
            // The next test would only wait and fail the same way.
            case .failed(let error): throw error
            case .none:
                do {
                    let cluster = try PostgresCluster()
                    state = .running(cluster)
                    atexit { TestPostgres.state.withLock { $0 = .none } }
                    return cluster
                } catch {
                    state = .failed(error)
                    throw error
                }
            }
        }
    }

    /// A database of its own for a test, with the schema or empty; it goes with the server.
    public static func database(migrated: Bool = true) throws -> TestDatabase {
        let cluster = try cluster()
        if migrated { try prepareTemplate(cluster) }
        let name = "t_" + String(UInt64.random(in: 0..<(1 << 48)), radix: 36)
        let admin = try Connection(cluster.options())
        try admin.execute("CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: migrated ? templateName : "template0")")
        return TestDatabase(cluster: cluster, name: name)
    }

    private static func prepareTemplate(_ cluster: PostgresCluster) throws {
        try template.withLock { isReady in
            guard !isReady else { return }
            try makeTemplate(cluster)
            isReady = true
        }
    }
}

/// A database on the shared server.
public struct TestDatabase: Sendable {
    public let cluster: PostgresCluster
    public let name: String

    /// As the superuser, or as one of the login users `test_owner`, `test_worker`, `test_api`, members of the group roles.
    public func options(as user: String = "postgres", overTCP: Bool = false) -> ConnectionOptions {
        cluster.options(database: name, user: user, overTCP: overTCP)
    }

    public func connect(as user: String = "postgres") throws -> Connection { try Connection(options(as: user)) }

    /// Whether anybody in it waits for a lock that another one has.
    public func isAnybodyWaiting() throws -> Bool {
        try connect().query(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
        ).one().bool(0)
    }

    /// For a program of ours.
    public func environment(as user: String = "postgres") -> [String: String] {
        ["POSTGRES_HOST": cluster.directory, "POSTGRES_PORT": String(cluster.port), "POSTGRES_USER": user, "POSTGRES_DB": name]
    }

    /// Runs a file or a command in psql, as a person would: unaligned, stopping at the first error.
    public func psql(_ arguments: [String], as user: String = "postgres") throws -> Subprocess.Result {
        let common = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", cluster.directory, "-p", String(cluster.port), "-U", user, "-d", name]
        return try Subprocess.run("\(PostgresCluster.binaries ?? "/usr")/psql", common + arguments)
    }
}
