import Foundation
public import Postgres
import Synchronization

/// A real Postgres of our own: a directory below /tmp, a Unix socket, a random port on the loopback address.
///
/// It ends with this object, and with this process even if that is killed. Root starts it as the user `postgres`.
public final class PostgresCluster: Sendable {
    /// Holds `data/`, the socket and `log`.
    public let directory: String
    public let port: Int
    /// Lines of postgresql.conf beyond ours.
    private let settings: [String: String]
    private let server = Mutex<PostgresServer?>(nil)

    /// - Parameter base: where the directory is made; a small file system, for a full disk. A Unix socket's path must stay short.
    public init(settings: [String: String] = [:], in base: String = "/tmp") throws {
        self.settings = settings
        directory = "\(base)/cg-\(String(UInt64.random(in: 0..<(1 << 40)), radix: 36))"
        port = try Free.port()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        do {
            try Self.giveToServer(directory)
            try initialize()
            try start()
        } catch {
            try? FileManager.default.removeItem(atPath: directory)
            throw error
        }
    }

    deinit {
        end(by: SIGQUIT)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The superuser `postgres`, over the Unix socket, unless said otherwise.
    public func options(database: String = "postgres", user: String = "postgres", overTCP: Bool = false) -> ConnectionOptions {
        ConnectionOptions(
            host: overTCP ? "127.0.0.1" : directory, port: port, user: user, database: database, applicationName: "cryptogaf-test")
    }

    /// As the superuser.
    public func connect() throws -> Connection { try Connection(options()) }

    public func start() throws {
        try server.withLock { server in
            guard server == nil else { return }
            server = try PostgresServer(directory: directory, options: serverOptions)
        }
        try waitUntilReady()
    }

    /// An orderly end: open transactions are rolled back, connections closed.
    public func stop() { end(by: SIGINT) }

    public func restart() throws {
        stop()
        try start()
    }

    /// SIGKILL to the server and all its processes at once; `start()` then recovers.
    public func kill9() { end(by: SIGKILL) }

    private func end(by signal: Int32) {
        server.withLock { server in
            server?.end(by: signal)
            server = nil
        }
    }

    /// Lets every process of the server stand still, as on a machine that hangs; false lets them go on.
    public func freeze(_ frozen: Bool) {
        server.withLock { $0?.signal(frozen ? SIGSTOP : SIGCONT) }
    }

    /// The server's log, for a test that fails.
    public var log: String { (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "" }

    private var serverOptions: [String] {
        var values = [
            "listen_addresses": "127.0.0.1", "port": String(port), "unix_socket_directories": directory, "max_connections": "200",
            "shared_buffers": "64MB", "fsync": "off", "full_page_writes": "off",
            "logging_collector": "off", "log_min_messages": "warning", "timezone": "Europe/Berlin", "lc_messages": "C",
        ]
        values.merge(settings) { $1 }
        return values.flatMap { ["-c", "\($0)=\($1)"] }
    }

    private func initialize() throws {
        let arguments = [
            "-D", "\(directory)/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        ]
        let (program, prefix) = try Self.asServer("initdb")
        let run = try Subprocess.run(program, prefix + arguments)
        guard run.status == 0 else { throw ClusterError(message: "initdb failed: \(run.errors)") }
    }

    private func waitUntilReady() throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                _ = try Connection(options())
                return
            } catch {
                guard error.isRetryable, ContinuousClock.now < deadline else {
                    throw ClusterError(message: "the server does not start: \(error)\n\(log)")
                }
                usleep(20_000)
            }
        }
    }

    /// Where Debian keeps the server's programs, which are not on PATH; the newest version.
    public static let binaries: String? = {
        let base = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        let newest = versions.compactMap { Double($0) }.max()
        return versions.first { Double($0) == newest }.map { "\(base)/\($0)/bin" }
    }()

    /// Postgres refuses root: then the command runs as the user `postgres`.
    static func asServer(_ program: String) throws -> (program: String, arguments: [String]) {
        guard let binaries else { throw ClusterError(message: "there is no /usr/lib/postgresql: install the package postgresql") }
        guard getuid() == 0 else { return ("\(binaries)/\(program)", []) }
        return ("/usr/bin/setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", "\(binaries)/\(program)"])
    }

    private static func giveToServer(_ directory: String) throws {
        guard getuid() == 0 else { return }
        guard let user = getpwnam("postgres") else { throw ClusterError(message: "there is no user postgres") }
        guard chown(directory, user.pointee.pw_uid, user.pointee.pw_gid) == 0 else {
            throw ClusterError(message: "chown \(directory): \(String(cString: strerror(errno)))")
        }
    }
}

public struct ClusterError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
