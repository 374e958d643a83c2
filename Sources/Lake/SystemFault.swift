import Glibc

extension LakeError {
    /// What the system call said; `subject` is the key, `place` what the call was about.
    init(errno code: Int32, _ subject: String, _ doing: String, _ place: String) {
        let reason = String(cString: strerror(code))
        switch code {
        case ENOSPC, EDQUOT: self.init(.full, subject, "no room is left to \(doing) \(place)")
        case EROFS: self.init(.readOnly, subject, "cannot \(doing) \(place): it is read-only")
        case EACCES, EPERM: self.init(.denied, subject, "may not \(doing) \(place)")
        case ENOENT, ENOTDIR: self.init(.missing, subject, "cannot \(doing) \(place): \(reason)")
        case ENAMETOOLONG: self.init(.invalidKey, subject, "cannot \(doing) \(place): \(reason)")
        default: self.init(.other, subject, "cannot \(doing) \(place): \(reason)")
        }
    }
}

/// Calls again while a signal interrupts; nil: it failed, and `errno` says why.
func uninterrupted<Value: SignedInteger>(_ call: () -> Value) -> Value? {
    while true {
        let value = call()
        if value >= 0 { return value }
        guard errno == EINTR else { return nil }
    }
}
