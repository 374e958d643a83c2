import Glibc

/// How far a command has come, on one line that is written over and over; nothing where no person looks.
struct ProgressLine {
    let isShown = isatty(STDERR_FILENO) == 1
    private var isOpen = false

    mutating func show(_ text: String) {
        write("\r\u{1B}[K" + text)
        isOpen = true
    }

    /// What comes next stands on a line of its own.
    mutating func end() {
        if isOpen { write("\n") }
        isOpen = false
    }

    private func write(_ text: String) {
        guard isShown else { return }
        let bytes = Array(text.utf8)
        // A line that is lost is of no interest: the next one follows.
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
