public import Runtime
import Synchronization

/// Keeps what is logged, as JSON.
public final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    public init() {}

    public var log: Log { Log(format: .json, minimum: .debug, write: { [self] line in lines.withLock { $0.append(line) } }) }

    /// How many lines tell of the event.
    public func count(_ event: String) -> Int { lines.withLock { $0.count { $0.contains("\"\(event)\"") } } }
    /// Of those the lines that hold a text as well.
    public func count(_ event: String, _ text: String) -> Int {
        lines.withLock { $0.count { $0.contains("\"\(event)\"") && $0.contains(text) } }
    }
    public func first(_ event: String) -> String? { lines.withLock { $0.first { $0.contains("\"\(event)\"") } } }
}
