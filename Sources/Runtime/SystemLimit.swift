import Glibc

/// The system lacks what no part of the program can go on without: threads, descriptors, memory to start with.
public enum SystemLimit {
    /// Ends the process with EX_OSERR and one line on standard error. For places that have nobody to throw to.
    ///
    /// - Parameter number: as in `errno`; nil: what stands there.
    public static func reached(_ what: String, _ number: Int32? = nil) -> Never {
        Log.standardError("cryptogaf: \(what): \(String(cString: strerror(number ?? errno)))")
        _exit(71)
    }
}
