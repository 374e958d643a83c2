import Deflate
import FoundationEssentials
import Glibc

/// Objects as files below a folder.
///
/// A file is written under a name that no listing shows, made durable, and only then linked to its own name, which fails if that is
/// taken: no reader ever sees half an object, and no writer replaces one.
final class FileStore: ObjectStore {
    /// Absolute, without a slash at its end.
    let root: String
    /// What a crashed writer left is swept once by each store that writes.
    private var isSwept = false

    /// No write takes that long.
    static let leftoverAge: TimeInterval = 3600
    /// Stands in every lake. A folder without it is none, such as one where a disk is to be mounted: what was put there would be hidden
    /// once it is, and what is on the disk would seem to be lost until then. So only `begin` makes it.
    static let incoming = ".incoming"

    init(root: String) { self.root = root }

    /// Makes a lake of the folder, and the folder itself if the one above it is there. Fine if it is one.
    func begin() throws(LakeError) {
        let incoming = "\(root)/\(Self.incoming)"
        if mkdir(incoming, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw LakeError(errno: errno, root, "write to", root) }
        guard mkdir(root, 0o755) == 0 || errno == EEXIST, mkdir(incoming, 0o755) == 0 || errno == EEXIST else {
            let fault = LakeError(errno: errno, root, "make", root)
            throw fault.code == .missing ? LakeError(.invalidLocation, root, fault.message) : fault
        }
        try synchronize(folder: String(root[..<(root.lastIndex(of: "/") ?? root.startIndex)]) + "/", key: root)
    }

    func put(_ key: String, _ bytes: [UInt8]) throws(LakeError) {
        let folder = try write(key, bytes)
        try synchronize(folder: folder, key: key)
    }

    func get(_ key: String) throws(LakeError) -> [UInt8] {
        try ObjectKey.check(key)
        return try read(key)
    }

    func remove(_ key: String) throws(LakeError) {
        try ObjectKey.check(key)
        let path = "\(root)/\(key)"
        guard unlink(path) != 0 else { return removeEmptyFolders(above: key) }
        if errno != ENOENT, errno != ENOTDIR { throw LakeError(errno: errno, key, "remove", path) }
        try requireLake(key)
    }

    /// The folders are made durable once for all objects in them.
    func putAll(_ objects: [(key: String, bytes: [UInt8])]) -> [(key: String, result: Result<Void, LakeError>)] {
        var folders: [String: Result<Void, LakeError>] = [:]
        let written = objects.map { object in
            (object.key, Result { () throws(LakeError) in try write(object.key, object.bytes) })
        }
        return written.map { key, result in
            let result = result.flatMap { folder in
                let outcome = folders[folder] ?? Result { () throws(LakeError) in try synchronize(folder: folder, key: key) }
                folders[folder] = outcome
                return outcome
            }
            return (key, result)
        }
    }

    func getAll<E: Error>(_ keys: [String], _ body: (String, Result<[UInt8], LakeError>) throws(E) -> Void) throws(E) {
        for key in keys { try body(key, Result { () throws(LakeError) in try get(key) }) }
    }

    func removeAll(_ keys: [String]) -> [(key: String, result: Result<Void, LakeError>)] {
        keys.map { key in (key, Result { () throws(LakeError) in try remove(key) }) }
    }

    func list(prefix: String, after: String?, limit: Int) throws(LakeError) -> ObjectPage {
        try ObjectKey.check(prefix: prefix)
        var listing = FileListing(root: root, prefix: prefix, after: after, limit: max(limit, 1))
        return try listing.page()
    }
}

// MARK: - Writing

extension FileStore {
    /// The folder that the object is in now, which is not durable yet.
    private func write(_ key: String, _ bytes: [UInt8]) throws(LakeError) -> String {
        try ObjectKey.check(key)
        if !isSwept { sweep() }
        let path = "\(root)/\(key)"
        let folder = String(path[..<path.lastIndex(of: "/")!])
        let temporary = "\(root)/\(Self.incoming)/\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        defer { unlink(temporary) }
        do { try DurableFile.create(temporary, bytes, key: key) } catch {
            try requireLake(key)
            throw error
        }
        // Somebody may remove a folder, empty as it still is, before the link; but hardly ever so often.
        for _ in 0..<100 {
            if link(temporary, path) == 0 { return folder }
            switch errno {
            case EEXIST:
                guard try read(key) == bytes else { throw LakeError(.conflict, key, "another object has this key") }
                return folder
            case ENOENT: do { try makeFolders(to: folder, key: key) } catch { guard error.code == .missing else { throw error } }
            default: throw LakeError(errno: errno, key, "link", path)
            }
        }
        throw LakeError(.unavailable, key, "its folder vanishes again and again")
    }

    private func read(_ key: String) throws(LakeError) -> [UInt8] {
        do {
            return try DurableFile.read("\(root)/\(key)", key: key)
        } catch {
            guard error.code == .missing else { throw error }
            try requireLake(key)
            throw LakeError(.missing, key, "no such object")
        }
    }

    /// Else every object would seem to be lost, or removed.
    private func requireLake(_ key: String) throws(LakeError) {
        guard Folder.status("\(root)/\(Self.incoming)") == nil else { return }
        throw LakeError(
            .unavailable, key,
            "there is no lake in \(root), or not yet: a disk may not be mounted; of an empty folder, mkdir \(root)/\(Self.incoming) makes one"
        )
    }

    /// Others may sweep at the same time, and a leftover that cannot be removed does no harm.
    private func sweep() {
        isSwept = true
        let incoming = "\(root)/\(Self.incoming)"
        let old = Date().timeIntervalSince1970 - Self.leftoverAge
        for name in (try? Folder.names(incoming, key: "")) ?? [] {
            let path = "\(incoming)/\(name.text)"
            if let status = Folder.status(path), Double(status.st_mtim.tv_sec) < old { unlink(path) }
        }
    }

    /// Each new folder is made durable in the one above it.
    private func makeFolders(to folder: String, key: String) throws(LakeError) {
        var path = root
        for segment in folder.dropFirst(root.count).split(separator: "/") {
            let parent = path
            path += "/\(segment)"
            if mkdir(path, 0o755) == 0 {
                try synchronize(folder: parent, key: key)
            } else if errno != EEXIST {
                throw LakeError(errno: errno, key, "make", path)
            }
        }
    }

    private func synchronize(folder: String, key: String) throws(LakeError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, uninterrupted({ fsync(descriptor) }) != nil else { throw LakeError(errno: errno, key, "write", folder) }
    }

    private func removeEmptyFolders(above key: String) {
        var path = key[...]
        while let slash = path.lastIndex(of: "/") {
            path = path[..<slash]
            guard rmdir("\(root)/\(path)") == 0 else { return }
        }
    }
}
