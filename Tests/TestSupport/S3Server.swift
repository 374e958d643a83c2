import Foundation
import Synchronization

/// `rclone serve s3`, a real server that checks signatures, over a folder that holds the empty bucket `lake`; on a free port of the
/// loopback address. It ends with this object, and with this process even if that is killed.
public final class S3Server: Sendable {
    private static let program = "\(Repository.root)/.build/venv/bin/rclone"
    public static let isPresent = FileManager.default.isExecutableFile(atPath: program)

    public static let bucket = "lake"
    public let accessKey = "AKIDTESTTESTTEST"
    public let secretKey = "secret/of+the/test"
    public let port: Int
    /// Holds a folder for each bucket, whose files are the objects.
    public let directory: String

    private let shell = Mutex<(child: Child, order: Int32)?>(nil)

    /// The shell ends the server when the pipe ends that only this process writes to.
    private static let script = """
        "$@" </dev/null >/dev/null 2>&1 &
        read -r order
        kill -KILL $!
        wait
        """

    /// Starts it, unless told otherwise.
    public init(isStarted: Bool = true) throws {
        port = try Free.port()
        directory = try Free.directory()
        try FileManager.default.createDirectory(atPath: "\(directory)/\(Self.bucket)", withIntermediateDirectories: false)
        if isStarted { try start() }
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    public var url: String { "http://127.0.0.1:\(port)" }

    /// Returns when it answers.
    public func start() throws {
        let orders = try makePipe()
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        let words = ["serve", "s3", "--addr", "127.0.0.1:\(port)", "--auth-key", "\(accessKey),\(secretKey)", directory]
        let child = try Child(
            "/bin/sh", ["-c", Self.script, "sh", Self.program] + words, environment: ["RCLONE_CONFIG": "/dev/null", "HOME": directory],
            descriptors: (orders.read, null, null))
        for descriptor in [orders.read, null] { close(descriptor) }
        shell.withLock { $0 = (child, orders.write) }
        let deadline = ContinuousClock.now + .seconds(30)
        while (try? Connected(port: port)) == nil {
            guard ContinuousClock.now < deadline else { throw ClusterError(message: "rclone does not answer on port \(port)") }
            usleep(5_000)
        }
    }

    /// As a server that dies.
    public func stop() {
        guard let (child, order) = shell.withLock({ $0.take() }) else { return }
        close(order)
        _ = child.reap(wait: true)
    }
}
