import Foundation

/// A file system of its own in memory, to be filled up; only root can mount one. It goes with this object.
public final class SmallDisk: Sendable {
    public static let isPossible = getuid() == 0 && access("/usr/bin/mount", X_OK) == 0

    public let path: String

    public init(megabytes: Int) throws {
        path = try Free.directory()
        let mount = try Subprocess.run("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "tmpfs", path])
        guard mount.status == 0 else { throw ClusterError(message: "mount \(path): \(mount.errors)") }
    }

    deinit {
        _ = try? Subprocess.run("/usr/bin/umount", ["-l", path])
        try? FileManager.default.removeItem(atPath: path)
    }

    /// A server whose data lie here, with little log to write ahead, so that the data fill the disk.
    public func cluster() throws -> PostgresCluster {
        try PostgresCluster(settings: ["max_wal_size": "32MB", "min_wal_size": "32MB", "shared_buffers": "16MB"], in: path)
    }

    /// Leaves no room, or that many megabytes.
    public func fill(leaving megabytes: Int = 0) throws {
        let descriptor = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        let length = lseek(descriptor, 0, SEEK_END)
        guard length > 0, ftruncate(descriptor, max(0, length - megabytes << 20)) == 0 else {
            throw ClusterError(message: "cannot fill \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// As a disk that has gone bad is mounted.
    public func setReadOnly(_ isReadOnly: Bool) throws {
        let mount = try Subprocess.run("/usr/bin/mount", ["-o", isReadOnly ? "remount,ro" : "remount,rw", path])
        guard mount.status == 0 else { throw ClusterError(message: "mount \(path): \(mount.errors)") }
    }

    public func makeRoom() throws { try FileManager.default.removeItem(atPath: ballast) }

    private var ballast: String { "\(path)/ballast" }
}
