import Foundation
import Lake

/// What raw objects cost, and S3.
enum LakeBenchmarks {
    /// Puts that many objects of so many bytes and gets them again, on one thread; both times in seconds.
    static func store(_ location: LakeLocation, objects: Int, bytes: Int) throws -> [Measurement] {
        var random = SystemRandomNumberGenerator()
        let content = (0..<(bytes / 8)).flatMap { _ in withUnsafeBytes(of: random.next() as UInt64) { Array($0) } }
        let keys = (0..<objects).map { "binance/BTC-USDT/klines/2024/03/\($0 % 19 + 10)/\($0).json.gz" }
        let store = try location.open()
        let clock = ContinuousClock()
        let put = try clock.measure {
            for start in stride(from: 0, to: objects, by: 1000) {
                let chunk = keys[start..<min(start + 1000, objects)].map { (key: $0, bytes: object(content, $0)) }
                for (_, result) in store.putAll(chunk) { try result.get() }
            }
        }
        let get = try clock.measure {
            try store.getAll(keys) { key, result in
                guard try result.get() == object(content, key) else { throw LakeError(.corrupt, key, "not what was put") }
            }
        }
        return [
            Measurement(name: "lake_put", value: put.seconds, unit: "s"), Measurement(name: "lake_get", value: get.seconds, unit: "s"),
        ]
    }

    /// Of a thousand candles as Binance sends them.
    static func rawObject() throws -> [Measurement] {
        let rows = (0..<1000).map { row -> String in
            let prices = (0..<4).map { "\"\(61_000 + (row * 7919 + $0 * 104_729) % 997).\(10 + row * 31 % 90)000000\"" }.joined(
                separator: ",")
            let time = 1_709_251_200_000 + row * 60_000
            return "[\(time),\(prices),\"\(row * 7919 % 99).\(10_000 + row * 17 % 80_000)\",\(time + 59_999),"
                + "\"\(row * 104_729 % 9_999_999).\(row)1\",\(row * 31 % 5000),\"12.\(row * 13)\",\"\(row * 7_717).5\",\"0\"]"
        }
        let object = RawObject(
            exchange: "binance", symbol: "BTC-USDT", channel: "klines", interval: "1m",
            url: "https://api.binance.com/api/v3/klines?limit=1000",
            requestedAt: Date(), receivedAt: Date(), status: 200, body: Array("[\(rows.joined(separator: ","))]".utf8))
        let encoded = try object.encoded()
        let encoding = try median { _ = try object.encoded() }
        let decoding = try median { _ = try RawObject(decoding: encoded.bytes, key: encoded.key) }
        return [
            Measurement(name: "lake_encode", value: encoding.seconds * 1000, unit: "ms"),
            Measurement(name: "lake_decode", value: decoding.seconds * 1000, unit: "ms"),
        ]
    }

    /// Of one length, and different for each key.
    private static func object(_ content: [UInt8], _ key: String) -> [UInt8] {
        var object = content
        object.replaceSubrange(0..<key.utf8.count, with: key.utf8)
        return object
    }
}
