import Glibc

/// One page of the keys of a folder's objects, in their byte order.
struct FileListing {
    let root: String
    let prefix: String
    let after: String?
    let limit: Int
    private var keys: [String] = []

    init(root: String, prefix: String, after: String?, limit: Int) {
        self.root = root
        self.prefix = prefix
        self.after = after
        self.limit = limit
    }

    mutating func page() throws(LakeError) -> ObjectPage {
        try walk("")
        guard keys.count > limit else { return ObjectPage(keys: keys, next: nil) }
        keys.removeLast()
        return ObjectPage(keys: keys, next: keys[limit - 1])
    }

    /// `folder` is empty or ends with a slash. One object more than the page holds shows that more follow.
    private mutating func walk(_ folder: String) throws(LakeError) {
        let names = try Folder.names("\(root)/\(folder)", key: folder.isEmpty ? root : folder)
        // With its slash a folder stands where its objects do: "a-b" before "a/b".
        for name in names.map({ $0.isFolder ? $0.text + "/" : $0.text }).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard keys.count <= limit else { return }
            let key = folder + name
            if key.utf8.last == UInt8(ascii: "/") {
                if mayHold(key) { try walk(key) }
            } else if key.hasPrefix(prefix), comesAfter(key), ObjectKey.isValid(key) {
                keys.append(key)
            }
        }
    }

    private func mayHold(_ folder: String) -> Bool {
        guard folder.hasPrefix(prefix) || prefix.hasPrefix(folder), ObjectKey.isValid(String(folder.dropLast())) else { return false }
        // Past is a folder that `after` has left behind.
        guard let after else { return true }
        return after.hasPrefix(folder) || comesAfter(folder)
    }

    private func comesAfter(_ key: String) -> Bool {
        guard let after else { return true }
        return after.utf8.lexicographicallyPrecedes(key.utf8)
    }
}

/// What the system says of folders and files.
enum Folder {
    struct Name {
        let text: String
        let isFolder: Bool
    }

    /// Without those that begin with a dot, which are ours; a folder that is gone has none.
    static func names(_ path: String, key: String) throws(LakeError) -> [Name] {
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw LakeError(errno: errno, key, "list", path)
        }
        defer { closedir(stream) }
        var names: [Name] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw LakeError(errno: errno, key, "list", path) }
                return names
            }
            let text = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            guard !text.hasPrefix(".") else { continue }
            names.append(Name(text: text, isFolder: isFolder(entry.pointee.d_type, "\(path)/\(text)")))
        }
    }

    /// What is new in it survives a power cut.
    static func synchronize(_ path: String, key: String) throws(LakeError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, uninterrupted({ fsync(descriptor) }) != nil else { throw LakeError(errno: errno, key, "write", path) }
    }

    /// Nil if it is gone.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// Not every file system tells the type in the listing.
    private static func isFolder(_ type: UInt8, _ path: String) -> Bool {
        guard Int(type) == DT_UNKNOWN else { return Int(type) == DT_DIR }
        return status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }
}
