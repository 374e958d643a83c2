import Digest
import Lake
import Warehouse

extension RawObjectRecord {
    /// - Parameter stored: the object as it lies in the lake.
    init(_ object: RawObject, key: String, stored: [UInt8]) {
        self.init(
            key: key, exchange: object.exchange, symbol: object.symbol, channel: object.channel, intervalCode: object.interval ?? "",
            // Of a piece of a file nobody was asked.
            requestedAt: object.source == nil ? object.requestedAt : nil, receivedAt: object.receivedAt, bytes: stored.count,
            sha256: SHA256.hash(stored).bytes)
    }
}
