import Glibc
import Synchronization

/// A listening socket; closed with its last owner, its file removed at the latest then.
///
/// Made here and not by `FCGX_OpenSocket`, which binds `:PORT` to every interface, prints instead of telling why it failed, and
/// cannot set the permissions of a socket's file.
public final class ListeningSocket: Sendable {
    let descriptor: Int32
    /// With the port that was found, if any would do.
    public let endpoint: Endpoint

    /// Connections that wait for a worker. nginx without kept connections opens one per request, and a full queue of a Unix
    /// socket refuses at once; the system caps this at `net.core.somaxconn`.
    public static let backlog: Int32 = 4096

    /// Never waits by itself: several workers may be told of the same connection.
    private static let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    public init(_ endpoint: Endpoint) throws(ListenError) {
        switch endpoint {
        case .socket(let path, let mode):
            descriptor = try ListeningSocket.unix(path, mode)
            self.endpoint = endpoint
        case .tcp(let host, let port):
            let (opened, found) = try ListeningSocket.tcp(host, port)
            descriptor = opened
            self.endpoint = .tcp(host: host, port: found)
        }
    }

    private let hasFile = Atomic(true)

    deinit {
        close(descriptor)
        removeFile()
    }

    /// A program that ends after `run` may not live to see the last worker let go of this socket.
    func removeFile() {
        // Once: by the next time, another server may listen there.
        guard case .socket(let path, _) = endpoint, hasFile.exchange(false, ordering: .relaxed) else { return }
        unlink(path)
    }

    /// What is in the queue can still be accepted; nothing joins it any more.
    func stopAccepting() { _ = shutdown(descriptor, Int32(SHUT_RD)) }

    /// What an accepted connection needs: a peer that stops in the middle cannot keep a worker for good.
    func prepare(_ connection: Int32) {
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard case .tcp = endpoint else { return }
        var yes: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func unix(_ path: String, _ mode: UInt32) throws(ListenError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard !path.isEmpty, path.utf8.count < room else {
            throw ListenError(endpoint: path, reason: "a socket's path has 1 to \(room - 1) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        try removeStale(path, address)
        let opened = socket(AF_UNIX, kind, 0)
        guard opened >= 0 else { throw ListenError(endpoint: path, reason: systemMessage()) }
        let bound = withUnsafeBytes(of: &address) {
            bind(opened, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        // Before listen, so that nobody connects under other permissions.
        guard bound == 0, chmod(path, mode) == 0, listen(opened, backlog) == 0 else { throw failed(opened, path) }
        return opened
    }

    /// A file that a killed server left is removed; a live server's, or what is no socket, is not.
    private static func removeStale(_ path: String, _ address: sockaddr_un) throws(ListenError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw ListenError(endpoint: path, reason: "there is a file that is no socket") }
        let probe = socket(AF_UNIX, kind, 0)
        defer { close(probe) }
        var address = address
        let connected = withUnsafeBytes(of: &address) {
            connect(probe, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        // EAGAIN: somebody listens, and the queue is full.
        guard connected != 0, errno != EAGAIN else { throw ListenError(endpoint: path, reason: "another process serves this socket") }
        unlink(path)
    }

    private static func tcp(_ host: String, _ port: UInt16) throws(ListenError) -> (Int32, UInt16) {
        let name = "\(host):\(port)"
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw ListenError(endpoint: name, reason: "\(host) is not an IPv4 address")
        }
        let opened = socket(AF_INET, kind, 0)
        guard opened >= 0 else { throw ListenError(endpoint: name, reason: systemMessage()) }
        var yes: Int32 = 1
        setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listening = withUnsafeMutableBytes(of: &address) { bytes in
            let generic = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(opened, generic, length) == 0 && listen(opened, backlog) == 0 && getsockname(opened, generic, &length) == 0
        }
        guard listening else { throw failed(opened, name) }
        return (opened, UInt16(bigEndian: address.sin_port))
    }

    private static func failed(_ descriptor: Int32, _ name: String) -> ListenError {
        let error = ListenError(endpoint: name, reason: systemMessage())
        close(descriptor)
        return error
    }

    private static func systemMessage() -> String { String(cString: strerror(errno)) }
}
