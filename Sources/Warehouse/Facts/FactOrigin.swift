/// The object of the lake that a row of facts is from, as its key tells: when it was received, and its hash.
///
/// Of two versions of a fact the greater stays: the one received later, and of one moment that with the greater hash.
public struct FactOrigin: Hashable, Sendable, Comparable {
    /// Milliseconds since 1970 UTC.
    public let receivedAt: Int64
    public let hash: Int64

    public init(receivedAt: Int64, hash: Int64) {
        self.receivedAt = receivedAt
        self.hash = hash
    }

    public static func < (a: FactOrigin, b: FactOrigin) -> Bool { (a.receivedAt, a.hash) < (b.receivedAt, b.hash) }
}

/// What became of the rows of one object.
public struct LoadCounts: Equatable, Sendable {
    public var inserted = 0
    /// Replaced an older version that was different, or by a repair the same one.
    public var updated = 0
    /// Already there, in the same or a newer version.
    public var duplicate = 0
    /// Was there as this object's, which has no such row.
    public var removed = 0

    public init(inserted: Int = 0, updated: Int = 0, duplicate: Int = 0, removed: Int = 0) {
        self.inserted = inserted
        self.updated = updated
        self.duplicate = duplicate
        self.removed = removed
    }
}
