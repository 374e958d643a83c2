import FoundationEssentials
import Glibc

/// A line of a capture that was left out of the replay.
public struct CaptureFault: Sendable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    public let reason: String

    public var description: String { "line \(line): \(reason)" }
}

/// A place in a capture that moves forward with capture time.
///
/// One owner, one thread at a time.
final class CaptureCursor {
    private let reader: CaptureReader
    /// Lines without this text are passed over unread: the product's quoted name.
    private let filter: [UInt8]?
    private let report: @Sendable (CaptureFault) -> Void
    /// The line after the place, already read.
    private var pending: (at: Int64, line: Int, message: FeedMessage)?
    /// Faults are reported the first time round.
    private var isFirstPass = true

    /// - Parameter product: only its messages; nil: all.
    init(path: String, product: String? = nil, report: @escaping @Sendable (CaptureFault) -> Void) throws(CaptureError) {
        reader = try CaptureReader(path: path)
        filter = product.map { Array("\"\($0)\"".utf8) }
        self.report = report
    }

    func rewind() throws(CaptureError) {
        try reader.rewind()
        pending = nil
        isFirstPass = false
    }

    /// Hands out, in order, the messages received up to and including `time` (nanoseconds since 1970).
    ///
    /// A message at fault, whether here or in `body`, is reported and left out.
    /// - Returns: false once the capture is exhausted.
    func advance(through time: Int64, _ body: (FeedMessage) throws(ReplayFault) -> Void) throws(CaptureError) -> Bool {
        while let (at, line, message) = try pendingOrNext() {
            guard at <= time else {
                pending = (at, line, message)
                return true
            }
            pending = nil
            do throws(ReplayFault) { try body(message) } catch { tell(line, error.description) }
        }
        return false
    }

    /// When the message after this place was received; nil at the end.
    func nextTime() throws(CaptureError) -> Int64? {
        pending = try pendingOrNext()
        return pending?.at
    }

    private func pendingOrNext() throws(CaptureError) -> (at: Int64, line: Int, message: FeedMessage)? {
        guard pending == nil else { return pending }
        return try nextMessage()
    }

    private func nextMessage() throws(CaptureError) -> (at: Int64, line: Int, message: FeedMessage)? {
        while let line = try reader.next() {
            guard filter.map({ line.holds($0) }) ?? true, case .received(let at, let json) = CaptureLine(line) else { continue }
            do {
                let message = try FeedMessage.decode(json)
                if message != .other { return (at, reader.lineNumber, message) }
            } catch {
                tell(reader.lineNumber, Self.reason(error))
            }
        }
        return nil
    }

    private func tell(_ line: Int, _ reason: String) {
        if isFirstPass { report(CaptureFault(line: line, reason: reason)) }
    }

    static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.dataCorrupted(let context): context.debugDescription
        case DecodingError.keyNotFound(let key, _): "a message without \(key.stringValue)"
        case DecodingError.typeMismatch(_, let context): context.debugDescription
        case DecodingError.valueNotFound(_, let context): context.debugDescription
        default: "\(error)"
        }
    }
}

extension ArraySlice<UInt8> {
    /// Whether `text`, of two bytes at least, stands somewhere in this. Looks for its second byte: the first may be a quote, and
    /// JSON is full of those.
    func holds(_ text: [UInt8]) -> Bool {
        withUnsafeBytes { line in
            var place = 1
            while place + text.count - 1 <= line.count,
                let found = memchr(line.baseAddress! + place, Int32(text[1]), line.count - place - (text.count - 2))
            {
                let candidate = UnsafeRawPointer(found) - 1
                if memcmp(candidate, text, text.count) == 0 { return true }
                place = candidate - line.baseAddress! + 2
            }
            return false
        }
    }
}
