import Glibc
import Runtime
import Synchronization

/// Objects on their way into a folder, many at a time: each waits for the disk, which then makes all of them durable at once.
///
/// First the files, then the folders in which anything is new, each once.
final class FileBatch: Sendable {
    private let folder: LakeFolder
    /// Folders that are not durable yet.
    private let changed = Mutex<Set<String>>([])

    /// More are hardly faster.
    private static let width = 16

    init(_ folder: LakeFolder) { self.folder = folder }

    /// The results in the order of the objects; what has succeeded is durable.
    func write(_ objects: [(key: String, bytes: [UInt8])]) -> [Result<Void, LakeError>] {
        let written = atOnce(objects) { object in Result { () throws(LakeError) in try self.write(object.key, object.bytes) } }
        let folders = Array(changed.withLock { $0 })
        let synchronized = atOnce(folders) { path in Result { () throws(LakeError) in try Folder.synchronize(path, key: path) } }
        let outcomes = Dictionary(uniqueKeysWithValues: zip(folders, synchronized))
        return zip(objects, written).map { object, result in
            // Another object of the batch may have made a folder for this one too.
            result.flatMap { () -> Result<Void, LakeError> in
                for path in folder.folders(above: object.key) {
                    if case .failure(let fault) = outcomes[path] { return .failure(LakeError(fault.code, object.key, fault.message)) }
                }
                return .success(())
            }
        }
    }

    private func write(_ key: String, _ bytes: [UInt8]) throws(LakeError) {
        try ObjectKey.check(key)
        let path = "\(folder.root)/\(key)"
        let temporary = "\(folder.incoming)/\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        defer { unlink(temporary) }
        do { try DurableFile.create(temporary, bytes, key: key) } catch {
            try folder.requireLake(key)
            throw error
        }
        // Somebody may remove a folder, empty as it still is, before the link; but hardly ever so often.
        for _ in 0..<100 {
            if link(temporary, path) == 0 { return note(key) }
            switch errno {
            case EEXIST:
                guard try folder.read(key) == bytes else { throw LakeError(.conflict, key, "another object has this key") }
                return note(key)
            case ENOENT: do { try makeFolders(above: key) } catch { guard error.code == .missing else { throw error } }
            default: throw LakeError(errno: errno, key, "link", path)
            }
        }
        throw LakeError(.unavailable, key, "its folder vanishes again and again")
    }

    private func note(_ key: String) {
        guard let path = folder.folders(above: key).last else { return }
        _ = changed.withLock { $0.insert(path) }
    }

    private func makeFolders(above key: String) throws(LakeError) {
        let folders = folder.folders(above: key)
        for (parent, path) in zip(folders, folders.dropFirst()) {
            if mkdir(path, 0o755) == 0 {
                _ = changed.withLock { $0.insert(parent) }
            } else if errno != EEXIST {
                throw LakeError(errno: errno, key, "make", path)
            }
        }
    }

    /// In the order of the items; of `width` threads each has every `width`-th.
    private func atOnce<T: Sendable, R: Sendable>(_ items: [T], _ body: @escaping @Sendable (T) -> R) -> [R] {
        guard items.count > 1 else { return items.map(body) }
        let width = min(items.count, Self.width)
        let parts = Thread.concurrently(width, stackBytes: 1 << 20) { first in
            stride(from: first, to: items.count, by: width).map { body(items[$0]) }
        }.map { (try? $0.get()) ?? [] }
        return items.indices.map { parts[$0 % width][$0 / width] }
    }
}
