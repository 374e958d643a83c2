import Glibc

/// A folder that is, or may be, a lake.
struct LakeFolder: Sendable {
    /// Absolute, without a slash at its end.
    let root: String

    /// Where files are written, and the mark of a lake. A folder without it is none, such as one where a disk is to be mounted: what was
    /// put there would be hidden once it is, and what is on the disk would seem to be lost until then. So only `begin` makes it.
    var incoming: String { "\(root)/.incoming" }

    /// Makes a lake of the folder, and the folder itself if the one above it is there. Fine if it is one.
    func begin() throws(LakeError) {
        if mkdir(incoming, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw LakeError(errno: errno, root, "write to", root) }
        guard mkdir(root, 0o755) == 0 || errno == EEXIST, mkdir(incoming, 0o755) == 0 || errno == EEXIST else {
            let fault = LakeError(errno: errno, root, "make", root)
            throw fault.code == .missing ? LakeError(.invalidLocation, root, fault.message) : fault
        }
        try Folder.synchronize(String(root[..<(root.lastIndex(of: "/") ?? root.startIndex)]) + "/", key: root)
    }

    var isBegun: Bool { Folder.status(incoming) != nil }

    /// Else every object would seem to be lost, or removed, or never to have been.
    func requireLake(_ key: String) throws(LakeError) {
        guard !isBegun else { return }
        throw LakeError(
            .unavailable, key,
            "there is no lake in \(root), or not yet: a disk may not be mounted; of an empty folder, mkdir \(incoming) makes one")
    }

    func read(_ key: String) throws(LakeError) -> [UInt8] {
        do {
            return try DurableFile.read("\(root)/\(key)", key: key)
        } catch {
            guard error.code == .missing else { throw error }
            try requireLake(key)
            throw LakeError(.missing, key, "no such object")
        }
    }

    /// The root and all folders from there to the object, in this order.
    func folders(above key: String) -> [String] {
        var folders = [root]
        for segment in key.split(separator: "/").dropLast() { folders.append("\(folders[folders.count - 1])/\(segment)") }
        return folders
    }
}
