import Glibc

extension Endpoint {
    /// A new socket for this endpoint that never waits by itself, and the address that it is to be bound or connected to. The caller
    /// closes it.
    ///
    /// - Throws: why there can be none: a path that is too long, a host that is no IPv4 address, no descriptor left.
    func socket() throws(SocketError) -> (descriptor: Int32, address: SocketAddress) {
        let address = try SocketAddress(self)
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(address.family, kind, 0)
        guard descriptor >= 0 else { throw SocketError(number: errno) }
        return (descriptor, address)
    }
}

/// An endpoint in the form that the system's calls take.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length: socklen_t

    var family: Int32 { Int32(storage.ss_family) }

    fileprivate init(_ endpoint: Endpoint) throws(SocketError) {
        switch endpoint {
        case .socket(let path, _):
            var address = sockaddr_un()
            let room = MemoryLayout.size(ofValue: address.sun_path)
            guard !path.isEmpty, path.utf8.count < room else { throw SocketError(reason: "a socket's path has 1 to \(room - 1) bytes") }
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            self.init(address)
        case .tcp(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw SocketError(reason: "\(host) is not an IPv4 address") }
            self.init(address)
        }
    }

    private init(_ address: some BitwiseCopyable) {
        length = socklen_t(MemoryLayout.size(ofValue: address))
        withUnsafeMutableBytes(of: &storage) { storage in withUnsafeBytes(of: address) { storage.copyMemory(from: $0) } }
    }

    /// The port that a TCP socket got.
    static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutableBytes(of: &address) {
            getsockname(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Lends it to a call such as `bind(2)`.
    func with<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        withUnsafeBytes(of: storage) { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), length) }
    }
}

/// Why there is no socket.
struct SocketError: Error {
    let reason: String
}

extension SocketError {
    init(number: Int32) { reason = String(cString: strerror(number)) }
}
