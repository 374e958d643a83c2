public import Market
public import Postgres

// What waits for `transform`, and whose it is meanwhile.
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

    /// Objects of a channel that are due and that nobody else has claimed, as far as they lie in one place; they are the caller's until the
    /// transaction ends. Of the oldest `window` those of one symbol, then those of the next: Postgres takes long runs of few series in more
    /// easily than short ones of many.
    ///
    /// - Parameter locations: only those that lie there.
    public func claim(
        _ channel: LakeChannel, limit: Int, in locations: [RawLocation]
    ) throws(PostgresError) -> (keys: [String], location: RawLocation) {
        let due: SQL =
            "due AND exchange = \(channel.exchange) AND channel = \(channel.name) AND location = ANY (\(locations.map(\.rawValue))::text[])"
        let claimed = try claimed(
            """
            WITH oldest AS MATERIALIZED (
                SELECT object_key FROM crypto_gaf.raw_objects WHERE \(due) ORDER BY received_at LIMIT \(max(limit, Self.window))::bigint)
            SELECT object_key, location FROM oldest JOIN crypto_gaf.raw_objects o USING (object_key)
            WHERE \(due) ORDER BY symbol, received_at, object_key LIMIT \(limit)::bigint FOR UPDATE OF o SKIP LOCKED
            """)
        guard claimed.keys.isEmpty else { return claimed }
        // Others may have all of these.
        return try self.claimed(
            """
            SELECT object_key, location FROM crypto_gaf.raw_objects
            WHERE \(due) ORDER BY received_at LIMIT \(limit)::bigint FOR UPDATE SKIP LOCKED
            """)
    }

    /// Few, so that no object waits for long behind newer ones.
    private static let window = 256

    /// The first of a query's objects, as far as they lie in one place.
    private func claimed(_ query: SQL) throws(PostgresError) -> (keys: [String], location: RawLocation) {
        let rows = try connection.query(query)
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

    /// Of these objects those that have not been loaded since they were put into the lake, nor given up.
    public func unprocessed(_ keys: [String]) throws(PostgresError) -> Int {
        try connection.query("SELECT count(*) FROM crypto_gaf.raw_objects WHERE due AND object_key = ANY (\(keys)::text[])").one().int(0)
    }
}
