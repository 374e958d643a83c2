public import Postgres

/// A channel of which nothing loads, and the first object that could not be read.
public struct StoppedChannel: Equatable, Sendable {
    public let channel: LakeChannel
    public let objectKey: String
    public let reason: String

    public init(_ channel: LakeChannel, objectKey: String, reason: String) {
        self.channel = channel
        self.objectKey = objectKey
        self.reason = reason
    }
}

/// `stopped_channels`: venues that changed the shape of their answers.
public struct StoppedChannels {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// In the order of exchange and channel.
    public func all() throws(PostgresError) -> [StoppedChannel] {
        try connection.query("SELECT exchange, channel, object_key, reason FROM crypto_gaf.stopped_channels ORDER BY 1, 2").map {
            row throws(PostgresError) in
            let channel = LakeChannel(exchange: try row.text(0), name: try row.text(1))
            return StoppedChannel(channel, objectKey: try row.text(2), reason: try row.text(3))
        }
    }

    /// One that is stopped already stays as it is. False: it was.
    public func stop(_ stopped: StoppedChannel) throws(PostgresError) -> Bool {
        try connection.execute(
            """
            INSERT INTO crypto_gaf.stopped_channels (exchange, channel, object_key, reason)
            VALUES (\(stopped.channel.exchange), \(stopped.channel.name), \(stopped.objectKey), \(stopped.reason))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// How many of these objects wait for a stopped channel.
    public func waiting(_ keys: [String]) throws(PostgresError) -> Int {
        try connection.query(
            """
            SELECT count(*) FROM crypto_gaf.raw_objects JOIN crypto_gaf.stopped_channels USING (exchange, channel)
            WHERE due AND raw_objects.object_key = ANY (\(keys)::text[])
            """
        ).one().int(0)
    }

    public func resume(_ channel: LakeChannel) throws(PostgresError) {
        try connection.execute(
            "DELETE FROM crypto_gaf.stopped_channels WHERE exchange = \(channel.exchange) AND channel = \(channel.name)")
    }
}
