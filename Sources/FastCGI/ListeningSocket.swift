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

    public init(_ endpoint: Endpoint) throws(ListenError) {
        do throws(SocketError) {
            if case .socket(let path, _) = endpoint { try ListeningSocket.removeStale(path, endpoint) }
            descriptor = try ListeningSocket.listening(endpoint)
        } catch {
            throw ListenError(endpoint: "\(endpoint)", reason: error.reason)
        }
        if case .tcp(let host, _) = endpoint {
            self.endpoint = .tcp(host: host, port: SocketAddress.port(of: descriptor))
        } else {
            self.endpoint = endpoint
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

    /// Accepting from it never waits: several workers may be told of the same connection.
    private static func listening(_ endpoint: Endpoint) throws(SocketError) -> Int32 {
        let (opened, address) = try endpoint.socket()
        if case .tcp = endpoint {
            var yes: Int32 = 1
            setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        // The file's permissions before listen, so that nobody connects under others.
        guard address.with({ bind(opened, $0, $1) }) == 0, setMode(of: endpoint), listen(opened, backlog) == 0 else {
            let error = SocketError(number: errno)
            close(opened)
            throw error
        }
        return opened
    }

    private static func setMode(of endpoint: Endpoint) -> Bool {
        guard case .socket(let path, let mode) = endpoint else { return true }
        return chmod(path, mode) == 0
    }

    /// A file that a killed server left is removed; a live server's, or what is no socket, is not.
    private static func removeStale(_ path: String, _ endpoint: Endpoint) throws(SocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw SocketError(reason: "there is a file that is no socket") }
        let (probe, address) = try endpoint.socket()
        defer { close(probe) }
        let connected = address.with { connect(probe, $0, $1) }
        // EAGAIN: somebody listens, and the queue is full.
        guard connected != 0, errno != EAGAIN else { throw SocketError(reason: "another process serves this socket") }
        unlink(path)
    }
}
