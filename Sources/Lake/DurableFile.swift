import Glibc

/// Whole files, written so that they survive a power cut, and read.
enum DurableFile {
    /// A new file; nothing is left of it if that fails.
    static func create(_ path: String, _ bytes: [UInt8], key: String) throws(LakeError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LakeError(errno: errno, key, "write", path) }
        let isWritten = write(bytes, to: descriptor) && uninterrupted({ fsync(descriptor) }) != nil
        let code = errno
        // Some file systems report a full disk only here.
        let isClosed = close(descriptor) == 0
        guard isWritten, isClosed else {
            let code = isWritten ? errno : code
            unlink(path)
            throw LakeError(errno: code, key, "write", path)
        }
    }

    static func read(_ path: String, key: String) throws(LakeError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LakeError(errno: errno, key, "read", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw LakeError(errno: errno, key, "read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw LakeError(.missing, key, "\(path) is no file") }
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            while count < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                guard let got = uninterrupted({ Glibc.read(descriptor, rest.baseAddress, rest.count) }) else {
                    failure = errno
                    return
                }
                guard got > 0 else { return }
                count += got
            }
        }
        guard failure == 0 else { throw LakeError(errno: failure, key, "read", path) }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                uninterrupted { Glibc.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent) }
            }
            guard let count else { return false }
            sent += count
        }
        return true
    }
}
