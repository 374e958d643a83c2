import Glibc
import Runtime
import Synchronization

/// How far a command has come, on one line of the terminal that is written over and over; nothing where no person looks. The log goes the
/// same way, from any thread: each of its lines stands on a line of its own, and the progress goes on below it.
final class ProgressLine: Sendable {
    let isShown = isatty(STDERR_FILENO) == 1
    private let isOpen = Mutex(false)

    func show(_ text: String) {
        guard isShown else { return }
        isOpen.withLock { isOpen in
            Self.write("\r\u{1B}[K" + text)
            isOpen = true
        }
    }

    /// What comes next stands on a line of its own.
    func end() { isOpen.withLock { Self.end(&$0) } }

    func log(_ line: String) {
        isOpen.withLock { isOpen in
            Self.end(&isOpen)
            Log.standardError(line)
        }
    }

    private static func end(_ isOpen: inout Bool) {
        if isOpen { write("\n") }
        isOpen = false
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // A line that is lost is of no interest: the next one follows.
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
