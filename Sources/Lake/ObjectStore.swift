/// A place of immutable objects under keys (see `ObjectKey`), such as a folder or a bucket of S3.
///
/// For one thread; `LakeLocation.open()` makes one for each.
public protocol ObjectStore: AnyObject {
    /// Durable when it returns. The same bytes under the same key again are fine; others are a `conflict`, and what was there stays.
    func put(_ key: String, _ bytes: [UInt8]) throws(LakeError)

    /// Throws `missing` if there is no such object.
    func get(_ key: String) throws(LakeError) -> [UInt8]

    /// At most `limit` keys of objects that begin with `prefix` and come after `after`, in their byte order. Throws
    /// `unavailable` if there is no lake.
    func list(prefix: String, after: String?, limit: Int) throws(LakeError) -> ObjectPage

    /// Fine if there is no such object; throws `unavailable` if there is no lake.
    func remove(_ key: String) throws(LakeError)

    /// As many `put`, at once where the store can; the results in the order of the objects.
    func putAll(_ objects: [(key: String, bytes: [UInt8])]) -> [(key: String, result: Result<Void, LakeError>)]

    /// As many `get`, at once where the store can: `body` gets each object as it arrives, in any order, on this thread. Only a few
    /// objects are in memory at a time. What `body` throws ends it.
    func getAll<E: Error>(_ keys: [String], _ body: (String, Result<[UInt8], LakeError>) throws(E) -> Void) throws(E)

    /// As many `remove`, at once where the store can; the results in the order of the keys.
    func removeAll(_ keys: [String]) -> [(key: String, result: Result<Void, LakeError>)]
}

/// A part of a listing.
public struct ObjectPage: Equatable, Sendable {
    /// May be empty in the middle of a listing, where only foreign files lie.
    public let keys: [String]
    /// `after` of the next page; nil: this was the last one.
    public let next: String?

    public init(keys: [String], next: String?) {
        self.keys = keys
        self.next = next
    }
}
