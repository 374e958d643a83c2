import FoundationEssentials
import Glibc

/// A file of a capture, and whose feed is in it.
struct CaptureFile {
    let path: String
    let format: CaptureFormat
}

/// The messages of one file of a capture, in the order of its lines.
///
/// One owner, one thread at a time.
final class CaptureStream {
    struct Message {
        /// When the recorder received it, in nanoseconds since 1970.
        let time: Int64
        let line: Int
        let content: FeedMessage
    }

    /// What comes next, once it is looked for.
    private var pending: Message?
    private let reader: CaptureReader
    private let format: CaptureFormat
    private let product: String?
    /// Lines without this text are passed over unread.
    private let mark: [UInt8]?
    private let report: (CaptureFault) -> Void

    /// - Parameter product: only its messages; nil: all.
    init(_ file: CaptureFile, product: String?, report: @escaping (CaptureFault) -> Void) throws(CaptureError) {
        reader = try CaptureReader(path: file.path)
        format = file.format
        self.product = product
        mark = product.map(file.format.mark)
        self.report = report
    }

    func rewind() throws(CaptureError) {
        try reader.rewind()
        pending = nil
    }

    /// The next message, which stays the next; nil at the end.
    func peek() throws(CaptureError) -> Message? {
        if pending == nil { pending = try read() }
        return pending
    }

    /// Passes over the message that `peek` showed.
    func drop() { pending = nil }

    func fault(_ line: Int, _ kind: CaptureFault.Kind, _ reason: String) -> CaptureFault {
        CaptureFault(path: reader.path, line: line, kind: kind, reason: reason)
    }

    private func read() throws(CaptureError) -> Message? {
        while let line = try reader.next() {
            guard mark.map({ line.holds($0) }) ?? true, case .received(let time, let json) = CaptureLine(line) else { continue }
            do {
                let message = try format.decode(json)
                guard let found = message.product, product == nil || found == product else { continue }
                return Message(time: time, line: reader.lineNumber, content: message)
            } catch {
                report(fault(reader.lineNumber, .lineLeftOut, Self.reason(error)))
            }
        }
        return nil
    }

    private static func reason(_ error: any Error) -> String {
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
