public import FoundationEssentials
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

    /// Records objects that are in the lake now; those already recorded stay as they are.
    public func record(_ objects: [RawObjectRecord]) throws(PostgresError) {
        guard !objects.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, interval_code, requested_at, received_at, bytes, sha256)
            SELECT key, exchange, symbol, channel, interval_code, requested_at, received_at, bytes, decode(sha256, 'hex')
            FROM unnest(\(objects.map(\.key))::text[], \(objects.map(\.exchange))::text[], \(objects.map(\.symbol))::text[],
                \(objects.map(\.channel))::text[], \(objects.map(\.intervalCode))::text[], \(objects.map(\.requestedAt))::timestamptz[],
                \(objects.map(\.receivedAt))::timestamptz[],
                \(objects.map(\.bytes))::bigint[], \(objects.map { $0.sha256.hexadecimal })::text[])
                AS new (key, exchange, symbol, channel, interval_code, requested_at, received_at, bytes, sha256)
            ON CONFLICT (object_key) DO NOTHING
            """)
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String { map { (($0 < 16) ? "0" : "") + String($0, radix: 16) }.joined() }
}
