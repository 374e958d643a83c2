import FoundationEssentials

/// What is wrong with a line of a capture.
public struct CaptureFault: Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The replay goes on without it.
        case lineLeftOut
        /// The line is replayed, and the product's book is then not the one that the venue had.
        case checksumMismatch(product: String)
    }

    public let path: String
    /// From 1.
    public let line: Int
    public let kind: Kind
    public let reason: String

    public var description: String { "\(path), line \(line): \(reason)" }
}

/// A place in a capture that moves forward with capture time, through all its files at once.
///
/// One owner, one thread at a time.
final class CaptureCursor {
    private let streams: [CaptureStream]
    private let told: FirstPass

    /// - Parameter product: only its messages; nil: all.
    init(
        _ files: [CaptureFile], product: String? = nil, report: @escaping @Sendable (CaptureFault) -> Void
    ) throws(CaptureError) {
        let told = FirstPass(report: report)
        var streams: [CaptureStream] = []
        for file in files { streams.append(try CaptureStream(file, product: product, report: told.tell)) }
        self.streams = streams
        self.told = told
    }

    func rewind() throws(CaptureError) {
        for stream in streams { try stream.rewind() }
        told.isOver = true
    }

    /// Hands out, in order, the messages received up to and including `time` (nanoseconds since 1970).
    ///
    /// A message at fault, whether here or in `body`, is reported.
    /// - Returns: false once the capture is exhausted.
    func advance(through time: Int64, _ body: (FeedMessage) throws(ReplayFault) -> Void) throws(CaptureError) -> Bool {
        while let (stream, message) = try next() {
            guard message.time <= time else { return true }
            stream.drop()
            do throws(ReplayFault) { try body(message.content) } catch {
                told.tell(stream.fault(message.line, error.kind(message.content), error.description))
            }
        }
        return false
    }

    /// When the message after this place was received; nil at the end.
    func nextTime() throws(CaptureError) -> Int64? { try next()?.message.time }

    /// Of the files' next messages the earliest; of those received at once, the one in the file that was named first.
    private func next() throws(CaptureError) -> (stream: CaptureStream, message: CaptureStream.Message)? {
        var earliest: (stream: CaptureStream, message: CaptureStream.Message)?
        for stream in streams {
            guard let message = try stream.peek() else { continue }
            if earliest.map({ message.time < $0.message.time }) ?? true { earliest = (stream, message) }
        }
        return earliest
    }
}

/// Faults are reported the first time round.
private final class FirstPass {
    var isOver = false
    private let report: (CaptureFault) -> Void

    init(report: @escaping (CaptureFault) -> Void) { self.report = report }

    func tell(_ fault: CaptureFault) {
        if !isOver { report(fault) }
    }
}

extension ReplayFault {
    fileprivate func kind(_ message: FeedMessage) -> CaptureFault.Kind {
        guard case .checksum = self, let product = message.product else { return .lineLeftOut }
        return .checksumMismatch(product: product)
    }
}
