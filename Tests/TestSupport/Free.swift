import Foundation

public enum Free {
    /// A port of the loopback address that nobody listens on just now.
    public static func port() throws -> Int {
        let (descriptor, port) = try listenOnLoopback()
        close(descriptor)
        return port
    }

    /// A directory of our own below /tmp, short enough for Unix sockets; the caller removes it.
    public static func directory() throws -> String {
        let path = "/tmp/cg-\(String(UInt64.random(in: 0..<(1 << 40)), radix: 36))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }
}
