public import FoundationEssentials
public import Market
public import Postgres

/// An object of the lake as `raw_objects` knows it.
public struct RawObjectRecord: Equatable, Sendable {
    public var key: String
    public var exchange: String
    public var symbol: String
    public var channel: String
    /// Empty but for candles.
    public var intervalCode: String
    /// When the question went out; nil where nobody was asked.
    public var requestedAt: Date?
    public var receivedAt: Date
    /// As stored.
    public var bytes: Int
    /// Of the stored bytes.
    public var sha256: [UInt8]

    public init(
        key: String, exchange: String, symbol: String, channel: String, intervalCode: String, requestedAt: Date? = nil, receivedAt: Date,
        bytes: Int, sha256: [UInt8]
    ) {
        self.key = key
        self.exchange = exchange
        self.symbol = symbol
        self.channel = channel
        self.intervalCode = intervalCode
        self.requestedAt = requestedAt
        self.receivedAt = receivedAt
        self.bytes = bytes
        self.sha256 = sha256
    }
}

/// `raw_objects`: what lies in the lake.
public struct RawObjectRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// Whether nothing has ever been recorded.
    public func isEmpty() throws(PostgresError) -> Bool {
        try connection.query("SELECT NOT EXISTS (SELECT FROM crypto_gaf.raw_objects)").one().bool(0)
    }

    /// Whether any object is on record as lying there.
    public func hasAny(in location: RawLocation) throws(PostgresError) -> Bool {
        try connection.query("SELECT EXISTS (SELECT FROM crypto_gaf.raw_objects WHERE location = \(location.rawValue))").one().bool(0)
    }

    /// Records objects that lie there now; those already recorded stay as they are. They are due.
    public func record(_ objects: [RawObjectRecord], in location: RawLocation = .live) throws(PostgresError) {
        guard !objects.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, interval_code, requested_at, received_at, bytes, sha256,
                location)
            SELECT key, exchange, symbol, channel, interval_code, requested_at, received_at, bytes, sha256,
                \(location.rawValue)
            FROM unnest(\(objects.map(\.key))::text[], \(objects.map(\.exchange))::text[], \(objects.map(\.symbol))::text[],
                \(objects.map(\.channel))::text[], \(objects.map(\.intervalCode))::text[], \(objects.map(\.requestedAt))::timestamptz[],
                \(objects.map(\.receivedAt))::timestamptz[],
                \(objects.map(\.bytes))::bigint[], \(objects.map(\.sha256).arrayLiteral)::bytea[])
                AS new (key, exchange, symbol, channel, interval_code, requested_at, received_at, bytes, sha256)
            -- Who records the same waits for another, and never in a circle.
            ORDER BY key
            ON CONFLICT (object_key) DO NOTHING
            """)
    }

    /// Objects that were put into the lake again, whatever had become of them before: they are there, and due. What the archive may still
    /// have of them is left over there, since nothing counts it any more. To be called in a transaction.
    ///
    /// - Returns: those that had left the lake. They may have been removed from it since they were put there, and must be put there once
    ///   more before the transaction ends; until then nobody removes them.
    public func renew(_ keys: [String]) throws(PostgresError) -> [String] {
        try self.keys(
            """
            -- In the order of the keys, as all who wait for more than one row.
            WITH held AS (
                SELECT object_key, location FROM crypto_gaf.raw_objects WHERE object_key = ANY (\(keys)::text[]) ORDER BY object_key FOR UPDATE),
            renewed AS (
                UPDATE crypto_gaf.raw_objects o SET due = true, location = 'live', recorded_at = clock_timestamp(),
                    leftover_in = CASE WHEN o.location = 'archive' OR o.leftover_in IS NOT NULL THEN 'archive' END
                FROM held WHERE o.object_key = held.object_key)
            SELECT object_key FROM held WHERE location <> 'live'
            """)
    }
}

extension RawObjectRepository {
    /// Those of `channels` that have objects which are due, and are not stopped. A look at each channel, however many objects wait.
    public func channelsDue(_ channels: [Channel]) throws(PostgresError) -> [LakeChannel] {
        try connection.query(
            """
            WITH RECURSIVE found AS (
                (SELECT exchange, channel FROM crypto_gaf.raw_objects WHERE due ORDER BY exchange, channel LIMIT 1)
                UNION ALL
                SELECT next.exchange, next.channel FROM found CROSS JOIN LATERAL (
                    SELECT exchange, channel FROM crypto_gaf.raw_objects r WHERE r.due AND (r.exchange, r.channel) > (found.exchange, found.channel)
                    ORDER BY r.exchange, r.channel LIMIT 1) next)
            SELECT exchange, channel FROM found WHERE channel = ANY (\(channels.map(\.rawValue))::text[])
                AND NOT EXISTS (SELECT FROM crypto_gaf.stopped_channels s WHERE (s.exchange, s.channel) = (found.exchange, found.channel))
            ORDER BY 1, 2
            """
        ).map { row throws(PostgresError) in LakeChannel(exchange: try row.text(0), name: try row.text(1)) }
    }

    /// The oldest objects of a channel that are due and that nobody else has claimed, as far as they lie in one place; they are the
    /// caller's until the transaction ends.
    ///
    /// - Parameter locations: only those that lie there.
    public func claim(
        _ channel: LakeChannel, limit: Int, in locations: [RawLocation]
    ) throws(PostgresError) -> (keys: [String], location: RawLocation) {
        let rows = try connection.query(
            """
            SELECT object_key, location FROM crypto_gaf.raw_objects
            WHERE due AND exchange = \(channel.exchange) AND channel = \(channel.name) AND location = ANY (\(locations.map(\.rawValue))::text[])
            ORDER BY received_at, object_key LIMIT \(limit)::bigint FOR UPDATE SKIP LOCKED
            """)
        guard let location = try rows.first?.location(1) else { return ([], .live) }
        var keys: [String] = []
        for row in rows {
            guard try row.location(1) == location else { break }
            keys.append(try row.text(0))
        }
        return (keys, location)
    }

    /// Of these objects those that are due, lie there and that nobody else has claimed, as above.
    public func claim(_ keys: [String], in location: RawLocation) throws(PostgresError) -> [String] {
        try self.keys(
            """
            SELECT object_key FROM crypto_gaf.raw_objects
            WHERE due AND object_key = ANY (\(keys)::text[]) AND location = \(location.rawValue)
            ORDER BY received_at, object_key FOR UPDATE SKIP LOCKED
            """)
    }

    /// Waits for whoever has these objects, due or not; then they are the caller's until the transaction ends. To be called before any
    /// fact is written, as `claim` is: who holds objects may wait for facts, so who holds facts must not wait for objects.
    public func lock(_ keys: [String]) throws(PostgresError) {
        _ = try self.keys(
            """
            SELECT object_key FROM crypto_gaf.raw_objects WHERE object_key = ANY (\(keys)::text[]) ORDER BY object_key FOR UPDATE
            """)
    }

    /// The newest objects of a channel that are due, in the lake, and came after another, the newest first.
    public func newest(of channel: LakeChannel, after key: String, limit: Int) throws(PostgresError) -> [String] {
        try keys(
            """
            SELECT object_key FROM crypto_gaf.raw_objects
            WHERE due AND exchange = \(channel.exchange) AND channel = \(channel.name) AND location = 'live'
                AND received_at > (SELECT received_at FROM crypto_gaf.raw_objects WHERE object_key = \(key))
            ORDER BY received_at DESC, object_key DESC LIMIT \(limit)::bigint
            """)
    }

    /// Nil: nobody has recorded it.
    public func location(of key: String) throws(PostgresError) -> RawLocation? {
        try connection.query("SELECT location FROM crypto_gaf.raw_objects WHERE object_key = \(key)").oneOrNil()?.location(0)
    }

    /// Those of `keys` that nobody has recorded.
    public func unrecorded(_ keys: [String]) throws(PostgresError) -> [String] {
        try self.keys(
            """
            SELECT key FROM unnest(\(keys)::text[]) WITH ORDINALITY AS listed (key, place)
            WHERE NOT EXISTS (SELECT FROM crypto_gaf.raw_objects r WHERE r.object_key = key) ORDER BY place
            """)
    }

    /// Of these objects those that have not been loaded since they were put into the lake, nor given up.
    public func unprocessed(_ keys: [String]) throws(PostgresError) -> Int {
        try connection.query("SELECT count(*) FROM crypto_gaf.raw_objects WHERE due AND object_key = ANY (\(keys)::text[])").one().int(0)
    }

    private func keys(_ sql: SQL) throws(PostgresError) -> [String] {
        try connection.query(sql).map { row throws(PostgresError) in try row.text(0) }
    }
}

extension Row {
    fileprivate func location(_ column: Int) throws(PostgresError) -> RawLocation {
        let name = try text(column)
        guard let location = RawLocation(rawValue: name) else { throw PostgresError(.decode, "\(name) is no place of raw objects") }
        return location
    }
}
