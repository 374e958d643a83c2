import Deflate
import Digest
public import FoundationEssentials

/// One answer of a venue as it came, with what is known about it.
///
/// Stored as gzip of one line of JSON, the envelope, a line feed, and the body byte for byte.
public struct RawObject: Equatable, Sendable {
    public let exchange: String
    /// `BTC-USD`, or `allSymbols` where the answer is about all of them.
    public let symbol: String
    /// `klines`, `depth`, `tickers`, …
    public let channel: String
    /// Of klines: `1m`, `1h`, …
    public let interval: String?
    /// That was asked, without anything secret; for backfilled files the file.
    public let url: String
    /// By the clock of the machine that asked, in whole milliseconds, as `receivedAt`.
    public let requestedAt: Date
    public let receivedAt: Date
    /// Milliseconds by which the venue's clock was ahead of that one, among `clockOffsets`; 0 where nobody knows.
    public let clockOffset: Int
    public let status: Int
    /// How a body came that no venue sent just now, such as the name of the loaded file's format; nil for a venue's answer.
    public let source: String?
    public let body: [UInt8]

    public static let allSymbols = "_all"
    /// An hour: a clock that is further away is wrong in some other way than running fast or slow, and says nothing.
    public static let clockOffsets = -3_600_000...3_600_000
    /// Of the envelope and the body; more is neither written nor read.
    public static let sizeLimit = 64 << 20

    /// Times are rounded to milliseconds.
    public init(
        exchange: String, symbol: String, channel: String, interval: String? = nil, url: String, requestedAt: Date, receivedAt: Date,
        clockOffset: Int = 0, status: Int, source: String? = nil, body: [UInt8]
    ) {
        self.exchange = exchange
        self.symbol = symbol
        self.channel = channel
        self.interval = interval
        self.url = url
        self.requestedAt = UTCMilliseconds(requestedAt).date
        self.receivedAt = UTCMilliseconds(receivedAt).date
        self.clockOffset = clockOffset
        self.status = status
        self.source = source
        self.body = body
    }
}

/// A `RawObject` ready for the lake.
public struct EncodedObject: Equatable, Sendable {
    public let key: String
    /// Equal objects have equal bytes.
    public let bytes: [UInt8]
}

extension RawObject {
    /// Throws `invalidKey` if exchange, symbol or channel cannot stand in a key, and `other` if it is past `sizeLimit`.
    public func encoded() throws(LakeError) -> EncodedObject {
        let line = Array(RawEnvelope(self).line.utf8)
        let key = key(line).description
        try ObjectKey.check(key)
        let content = line + [UInt8(ascii: "\n")] + body
        guard content.count <= Self.sizeLimit, let bytes = Gzip.compress(content) else {
            throw LakeError(.other, key, "the object is longer than \(Self.sizeLimit) bytes")
        }
        return EncodedObject(key: key, bytes: bytes)
    }

    /// Throws `corrupt` with the reason unless this is, to the last byte, what was once encoded under that key.
    public init(decoding bytes: [UInt8], key: String) throws(LakeError) {
        func corrupt(_ reason: String) -> LakeError { LakeError(.corrupt, key, reason) }
        let content: [UInt8]
        do { content = try Gzip.decompress(bytes, limit: Self.sizeLimit) } catch { throw corrupt(error.description) }
        guard let end = content.firstIndex(of: UInt8(ascii: "\n")) else { throw corrupt("it has no envelope") }
        let envelope: RawEnvelope
        do { envelope = try RawEnvelope(line: content[..<end]) } catch { throw corrupt(error.description) }
        let body = Array(content[(end + 1)...])
        guard body.count == envelope.bytes else {
            throw corrupt("its body has \(body.count) bytes where the envelope says \(envelope.bytes)")
        }
        guard SHA256.hash(body).hex == envelope.sha256 else { throw corrupt("its body differs from the envelope's hash") }
        self = envelope.head.with(body: body)
        guard self.key(Array(content[..<end])).description == key else { throw corrupt("its envelope belongs to another key") }
    }

    private func key(_ line: [UInt8]) -> RawObjectKey {
        RawObjectKey(
            exchange: exchange, symbol: symbol, channel: channel, receivedAt: UTCMilliseconds(receivedAt),
            hash: SHA256.hash(line).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }
}
