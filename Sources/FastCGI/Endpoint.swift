/// Where a FastCGI server listens.
public enum Endpoint: Equatable, Sendable, CustomStringConvertible {
    /// A Unix socket; `mode` are the permissions of its file, which decide who may connect.
    case socket(path: String, mode: UInt32 = 0o660)
    /// An IPv4 address and a port; port 0 takes a free one.
    case tcp(host: String, port: UInt16)

    /// `HOST:PORT` or `:PORT`. Without a host only this machine can connect: all interfaces must be asked for, as `0.0.0.0`.
    public init(address: String) throws(ListenError) {
        let parts = address.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            throw ListenError(endpoint: address, reason: "is not HOST:PORT with an IPv4 address")
        }
        let host = parts[0].isEmpty || parts[0] == "localhost" ? "127.0.0.1" : String(parts[0])
        self = .tcp(host: host, port: port)
    }

    public var description: String {
        switch self {
        case .socket(let path, _): path
        case .tcp(let host, let port): "\(host):\(port)"
        }
    }
}

/// A server that cannot listen where it was told to.
public struct ListenError: Error, Equatable, CustomStringConvertible {
    /// As it was asked for: a path, or `HOST:PORT`.
    public let endpoint: String
    /// What is in the way, in the system's words or ours.
    public let reason: String

    public var description: String { "cannot listen on \(endpoint): \(reason)" }
}
