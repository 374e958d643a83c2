import FoundationEssentials
import Glibc

/// Objects as files below a folder.
///
/// A file is written under a name that no listing shows, made durable, and only then linked to its own name, which fails if that is
/// taken: no reader ever sees half an object, and no writer replaces one.
final class FileStore: ObjectStore {
    private let folder: LakeFolder
    /// What a crashed writer left is swept once by each store that writes.
    private var isSwept = false

    /// No write takes that long.
    private static let leftoverAge: TimeInterval = 3600

    init(_ folder: LakeFolder) { self.folder = folder }

    func put(_ key: String, _ bytes: [UInt8]) throws(LakeError) {
        for outcome in putAll([(key, bytes)]) { try outcome.result.get() }
    }

    func get(_ key: String) throws(LakeError) -> [UInt8] {
        try ObjectKey.check(key)
        return try folder.read(key)
    }

    func remove(_ key: String) throws(LakeError) {
        try ObjectKey.check(key)
        let path = "\(folder.root)/\(key)"
        guard unlink(path) != 0 else { return removeEmptyFolders(above: key) }
        if errno != ENOENT, errno != ENOTDIR { throw LakeError(errno: errno, key, "remove", path) }
        try folder.requireLake(key)
    }

    func putAll(_ objects: [(key: String, bytes: [UInt8])]) -> [(key: String, result: Result<Void, LakeError>)] {
        if !isSwept { sweep() }
        return zip(objects, FileBatch(folder).write(objects)).map { ($0.key, $1) }
    }

    func getAll<E: Error>(_ keys: [String], _ body: (String, Result<[UInt8], LakeError>) throws(E) -> Void) throws(E) {
        for key in keys { try body(key, Result { () throws(LakeError) in try get(key) }) }
    }

    func removeAll(_ keys: [String]) -> [(key: String, result: Result<Void, LakeError>)] {
        keys.map { key in (key, Result { () throws(LakeError) in try remove(key) }) }
    }

    func list(prefix: String, after: String?, limit: Int) throws(LakeError) -> ObjectPage {
        try ObjectKey.check(prefix: prefix)
        var listing = FileListing(root: folder.root, prefix: prefix, after: after, limit: max(limit, 1))
        let page = try listing.page()
        // Afterwards: a disk that went in the midst shows up as well.
        try folder.requireLake(folder.root)
        return page
    }

    /// Others may sweep at the same time, and a leftover that cannot be removed does no harm.
    private func sweep() {
        isSwept = true
        let old = Date().timeIntervalSince1970 - Self.leftoverAge
        for name in (try? Folder.names(folder.incoming, key: "")) ?? [] {
            let path = "\(folder.incoming)/\(name.text)"
            if let status = Folder.status(path), Double(status.st_mtim.tv_sec) < old { unlink(path) }
        }
    }

    private func removeEmptyFolders(above key: String) {
        for folder in folder.folders(above: key).dropFirst().reversed() {
            guard rmdir(folder) == 0 else { return }
        }
    }
}
