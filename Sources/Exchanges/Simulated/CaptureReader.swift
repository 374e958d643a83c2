import FoundationEssentials
import Glibc

/// The lines of a file, one after the other, in bounded memory.
///
/// One owner, one thread at a time.
final class CaptureReader {
    /// A snapshot of a large market is one line of a few MB.
    static let lineLimitBytes = 32 << 20
    private static let chunkBytes = 64 << 10

    let path: String
    /// Of the line that was read last, from 1.
    private(set) var lineNumber = 0
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// What of `buffer` has been read and not yet given out.
    private var start = 0
    private var atEnd = false

    init(path: String) throws(CaptureError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CaptureError(path: path, .unreadable(code: errno)) }
    }

    deinit { close(descriptor) }

    /// Back to the first line.
    func rewind() throws(CaptureError) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw CaptureError(path: path, .unreadable(code: errno)) }
        (buffer, start, atEnd, lineNumber) = ([], 0, false, 0)
    }

    /// The next line without its newline; nil at the end of the file. A line past `lineLimitBytes` is an error that ends the capture.
    func next() throws(CaptureError) -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let newline = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = newline + 1 }
                lineNumber += 1
                return buffer[start..<newline]
            }
            if atEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                lineNumber += 1
                return buffer[start...]
            }
            let pending = buffer.count - start
            guard pending < Self.lineLimitBytes else { throw CaptureError(path: path, .longLine(number: lineNumber + 1)) }
            try fill()
            searched = pending
        }
    }

    /// Drops what was given out and appends the next chunk.
    private func fill() throws(CaptureError) {
        buffer.removeSubrange(..<start)
        start = 0
        var code: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { memory, filled in
            var count = 0
            repeat { count = read(descriptor, memory.baseAddress, memory.count) } while count < 0 && errno == EINTR
            if count < 0 { code = errno }
            filled = max(0, count)
        }
        guard code == 0 else { throw CaptureError(path: path, .unreadable(code: code)) }
        atEnd = chunk.isEmpty
        buffer += chunk
    }
}

/// A capture that cannot be replayed.
public struct CaptureError: Error, Equatable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        /// The system's error number.
        case unreadable(code: Int32)
        case longLine(number: Int)
        /// No line in it is a snapshot of an order book.
        case noSnapshot
        /// Its files are of two venues.
        case venues(String, String)
    }

    public let path: String
    public let reason: Reason

    init(path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    public var description: String {
        switch reason {
        case .unreadable(let code): "cannot read the capture \(path): \(String(cString: strerror(code)))"
        case .longLine(let number): "the capture \(path) has a line of more than \(CaptureReader.lineLimitBytes >> 20) MB (\(number))"
        case .noSnapshot:
            "the capture \(path) holds no order book snapshot; is it a feed of Coinbase (channel level2), Kraken (book) or OKX (books)?"
        case .venues(let one, let other): "the capture \(path) holds feeds of two venues, \(one) and \(other); an exchange replays one"
        }
    }
}
