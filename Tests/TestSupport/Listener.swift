import Foundation

/// A server that listens on 127.0.0.1, where the system accepts every connection, and says nothing but what it is told to.
public final class Listener: Sendable {
    public let port: Int
    private let descriptor: Int32

    public init() throws {
        (descriptor, port) = try listenOnLoopback()
        // A client that never comes fails the test; it does not hang it.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Answers the next connection with these bytes, whatever it asks, and waits until the client has closed it.
    public func answerNext(_ bytes: [UInt8]) throws {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { throw POSIXError(POSIXError.Code(rawValue: errno) ?? .EIO) }
        defer { close(connection) }
        _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        shutdown(connection, Int32(SHUT_WR))
        var asked = [UInt8](repeating: 0, count: 4096)
        while recv(connection, &asked, asked.count, 0) > 0 {}
    }
}

/// A listening socket on a free port of 127.0.0.1, which the caller closes.
func listenOnLoopback() throws -> (descriptor: Int32, port: Int) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            bind(listener, pointer, length) == 0 && listen(listener, 1024) == 0 ? getsockname(listener, pointer, &length) : -1
        }
    }
    guard code == 0 else {
        let error = POSIXError(POSIXError.Code(rawValue: errno) ?? .EIO)
        close(listener)
        throw error
    }
    return (listener, Int(address.sin_port.bigEndian))
}
