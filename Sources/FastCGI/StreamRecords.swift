import Glibc

/// Bytes of an answer as records of the protocol, straight from where they stand to the socket.
///
/// libfcgi copies what it is given into a buffer of 8 kB, and each time that is full the web server wakes up for it. Here several records
/// of up to 64 kB go out in one system call. Source: the FastCGI specification 1.0, section 3.3.
struct StreamRecords {
    let descriptor: Int32
    let requestID: Int32

    /// Fewer bytes are better off in libfcgi's buffer, beside others.
    static let least = 16 << 10

    /// A multiple of 8, as the specification recommends.
    private static let contentLimit = 65_528
    private static let recordsAtOnce = 16

    /// False once the client has gone; the connection can then only be closed.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        stride(from: 0, to: bytes.count, by: Self.contentLimit * Self.recordsAtOnce).allSatisfy { start in
            let end = min(start + Self.contentLimit * Self.recordsAtOnce, bytes.count)
            return writeAtOnce(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        }
    }

    private func writeAtOnce(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = (bytes.count + Self.contentLimit - 1) / Self.contentLimit
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { heads in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2 * count) { pieces in
                for index in 0..<count {
                    let start = index * Self.contentLimit
                    let length = min(Self.contentLimit, bytes.count - start)
                    heads[index] = head(length)
                    pieces[2 * index] = iovec(iov_base: heads.baseAddress! + index, iov_len: 8)
                    pieces[2 * index + 1] = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress! + start), iov_len: length)
                }
                return send(pieces)
            }
        }
    }

    /// Version 1, FCGI_STDOUT, request, length of the content, no padding.
    private func head(_ length: Int) -> UInt64 {
        (1 << 56 | 6 << 48 | UInt64(UInt16(truncatingIfNeeded: requestID)) << 32 | UInt64(length) << 16).bigEndian
    }

    private func send(_ pieces: UnsafeMutableBufferPointer<iovec>) -> Bool {
        var first = 0
        while first < pieces.count {
            var sent = writev(descriptor, pieces.baseAddress! + first, Int32(pieces.count - first))
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { return false }
            while first < pieces.count, sent >= pieces[first].iov_len {
                sent -= pieces[first].iov_len
                first += 1
            }
            if sent > 0 {
                pieces[first].iov_base += sent
                pieces[first].iov_len -= sent
            }
        }
        return true
    }
}
