import Glibc

/// A connection to 127.0.0.1 that sends and receives bytes as they are, so that tests can send what no library would.
public final class Connected {
    public let descriptor: Int32

    /// Throws when nobody listens there.
    public init(port: Int) throws {
        let opened = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafeBytes(of: &address) {
            connect(opened, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard code == 0 else {
            let reason = String(cString: strerror(errno))
            close(opened)
            throw ClusterError(message: "port \(port) of 127.0.0.1: \(reason)")
        }
        descriptor = opened
        // A server that never answers fails the test; it does not hang it.
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Returns when the system has all of it, or the other side has gone.
    public func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// What has come; empty at the end, and when nothing comes.
    public func receive() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, filled in
            filled = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
        }
    }
}
