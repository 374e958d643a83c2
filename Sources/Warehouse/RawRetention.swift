public import FoundationEssentials
public import Postgres

/// Where a raw object is; as in `raw_objects.location`.
public enum RawLocation: String, CaseIterable, Sendable {
    case live, archive
    /// Removed by retention; the row stays for a time.
    case expired
}

/// A raw object that has been transformed, so that it may be moved or removed.
public struct SettledObject: Equatable, Sendable {
    public let key: String
    /// When it was received, or recorded if that was later: files of long ago come in today.
    public let keptSince: Date
    /// As stored.
    public let bytes: Int
    /// Of the stored bytes.
    public let sha256: [UInt8]
}

/// How many objects, and their size as stored.
public struct ObjectVolume: Equatable, Sendable {
    public var objects = 0
    public var bytes = 0

    public init(objects: Int = 0, bytes: Int = 0) {
        self.objects = objects
        self.bytes = bytes
    }

    public static func += (a: inout ObjectVolume, b: ObjectVolume) {
        a.objects += b.objects
        a.bytes += b.bytes
    }
}

/// `raw_objects` as retention sees it: what may go on to the next place, and what is left of it in the last one.
public struct RawRetention {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// Objects that lie there, are kept since before `cutoff`, and have been transformed, the oldest first.
    ///
    /// - Parameter after: the last one of the page before, whatever became of it.
    public func settled(
        in location: RawLocation, before cutoff: Date, after: SettledObject? = nil, limit: Int
    ) throws(PostgresError) -> [SettledObject] {
        try connection.query(
            """
            SELECT o.object_key, greatest(o.received_at, o.recorded_at), o.bytes, o.sha256 FROM crypto_gaf.raw_objects o
            WHERE o.location = \(location.rawValue) AND greatest(o.received_at, o.recorded_at) < \(cutoff)::timestamptz AND NOT o.due
                AND (greatest(o.received_at, o.recorded_at), o.object_key)
                    > (coalesce(\(after?.keptSince)::timestamptz, '-infinity'), coalesce(\(after?.key), ''))
                AND EXISTS (SELECT FROM crypto_gaf.processed_files p WHERE p.object_key = o.object_key)
            ORDER BY greatest(o.received_at, o.recorded_at), o.object_key LIMIT \(limit)
            """, binary: true
        ).map { row throws(PostgresError) in
            SettledObject(key: try row.text(0), keptSince: try row.date(1), bytes: try row.int(2), sha256: try row.bytes(3))
        }
    }

    /// Whether anything has ever gone to the archive, as far as that is still known.
    public func hasArchived() throws(PostgresError) -> Bool {
        try connection.query(
            "SELECT EXISTS (SELECT FROM crypto_gaf.raw_objects WHERE location IN ('archive', 'expired') OR leftover_in = 'archive')"
        ).one().bool(0)
    }

    /// What lies there, transformed or not.
    public func volume(in location: RawLocation) throws(PostgresError) -> ObjectVolume {
        let row = try connection.query(
            "SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM crypto_gaf.raw_objects WHERE location = \(location.rawValue)"
        ).one()
        return ObjectVolume(objects: try row.int(0), bytes: try row.int(1))
    }

    /// How many kept since before then still wait for `transform`, and so stay where they are.
    public func waiting(before cutoff: Date) throws(PostgresError) -> Int {
        try connection.query(
            "SELECT count(*) FROM crypto_gaf.raw_objects WHERE due AND greatest(received_at, recorded_at) < \(cutoff)::timestamptz"
        ).one().int(0)
    }

    /// From now on the objects are looked for there, and what the last place has of them is left over. An object that is to be
    /// transformed again, is no longer where it was, or may still lie where it was before that, stays as it is.
    ///
    /// - Returns: the keys of those that moved.
    public func move(_ keys: [String], from old: RawLocation, to new: RawLocation) throws(PostgresError) -> [String] {
        try self.keys(
            """
            -- In the order of the keys, as all who wait for more than one row.
            WITH settled AS (
                SELECT object_key FROM crypto_gaf.raw_objects
                WHERE object_key = ANY (\(keys)::text[]) AND location = \(old.rawValue) AND NOT due AND leftover_in IS NULL
                ORDER BY object_key FOR UPDATE)
            UPDATE crypto_gaf.raw_objects o SET location = \(new.rawValue), leftover_in = \(old.rawValue)
            FROM settled WHERE o.object_key = settled.object_key RETURNING o.object_key
            """)
    }

    /// Keys of objects that may still lie where they no longer belong, in the order of the keys.
    public func leftovers(after: String = "", limit: Int) throws(PostgresError) -> [String] {
        try self.keys(
            """
            SELECT object_key FROM crypto_gaf.raw_objects
            WHERE leftover_in IS NOT NULL AND object_key > \(after) ORDER BY object_key LIMIT \(limit)
            """)
    }

    /// Has those of `keys` removed that may still lie where they no longer belong, and takes what was removed off the record. An object that
    /// has expired belongs nowhere: it goes from the archive as well, where a run that died while it copied the object left it and nothing
    /// tells of it. Until all is done nobody can say that such an object belongs there again: who wants to waits, and then puts it there
    /// once more.
    ///
    /// - Parameter remove: answers which of the objects do not lie in that place any longer.
    /// - Returns: how many are off the record.
    public func clearLeftovers(_ keys: [String], remove: (_ keys: [String], _ place: RawLocation) -> [String]) throws -> Int {
        try connection.transaction {
            var left = try connection.query(
                """
                SELECT object_key, location, leftover_in, requested_at IS NULL FROM crypto_gaf.raw_objects
                WHERE object_key = ANY (\(keys)::text[]) AND leftover_in IS NOT NULL ORDER BY object_key FOR UPDATE
                """
            ).map { row throws(PostgresError) in try Leftover(row) }
            for place in [RawLocation.live, .archive] {
                let asked = left.filter { $0.mustLeave(place) || $0.mayBeBack(in: place) }.map(\.key)
                guard !asked.isEmpty else { continue }
                let kept = Set(asked).subtracting(remove(asked, place))
                left.removeAll { kept.contains($0.key) && $0.mustLeave(place) }
            }
            guard !left.isEmpty else { return 0 }
            try connection.execute(
                "UPDATE crypto_gaf.raw_objects SET leftover_in = NULL WHERE object_key = ANY (\(left.map(\.key))::text[])")
            return left.count
        }
    }

    /// A row that says where an object may still lie.
    private struct Leftover {
        let key: String
        private let hasExpired: Bool
        private let place: RawLocation?
        private let isOfFile: Bool

        init(_ row: Row) throws(PostgresError) {
            key = try row.text(0)
            hasExpired = try row.text(1) == RawLocation.expired.rawValue
            place = RawLocation(rawValue: try row.text(2))
            isOfFile = try row.bool(3)
        }

        func mustLeave(_ place: RawLocation) -> Bool { place == self.place || hasExpired && place == .archive }

        /// What expired in the archive had left the lake before. Only a file is put there again, by somebody who may not get to say so. A
        /// lake that is gone for good must not keep the archive's objects for ever, so nothing waits for that.
        func mayBeBack(in place: RawLocation) -> Bool { hasExpired && isOfFile && place == .live }
    }

    private func keys(_ sql: SQL) throws(PostgresError) -> [String] {
        try connection.query(sql).map { row throws(PostgresError) in try row.text(0) }
    }
}
