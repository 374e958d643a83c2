import Foundation
import Lake
import Market

/// Answers of Binance, made by hand in the shape of its documentation.
extension RawObject {
    /// - Parameter receivedAt: minutes after `TransformFixture.epoch`.
    static func klines(
        _ body: String, symbol: String = "BTC-USDT", interval: String? = "1m", receivedAt: Double = 100_000, status: Int = 200
    ) -> RawObject {
        answer(body, symbol: symbol, channel: "klines", interval: interval, receivedAt: receivedAt, status: status)
    }

    static func answer(
        _ body: String, symbol: String, channel: String, interval: String? = nil, receivedAt: Double = 100_000, status: Int = 200,
        exchange: String = "binance"
    ) -> RawObject {
        let time = Date(timeIntervalSince1970: Double(TransformFixture.epoch) / 1000 + receivedAt * 60)
        return RawObject(
            exchange: exchange, symbol: symbol, channel: channel, interval: interval, url: "https://venue.test/\(channel)",
            requestedAt: time.addingTimeInterval(-0.1), receivedAt: time, status: status, body: Array(body.utf8))
    }

    /// Candles of these minutes after the epoch; the price follows from the minute and the version.
    static func minutes(_ minutes: some Sequence<Int>, version: Int = 1, symbol: String = "BTC-USDT", receivedAt: Double = 100_000)
        -> RawObject
    {
        klines("[" + minutes.map { row($0, version: version) }.joined(separator: ",") + "]", symbol: symbol, receivedAt: receivedAt)
    }

    static func row(_ minute: Int, version: Int = 1) -> String {
        let open = TransformFixture.epoch + Int64(minute) * 60_000
        let price = 60_000 + minute % 977 + version
        return """
            [\(open),"\(price).10000000","\(price + 9).50000000","\(price - 8).25000000","\(price + 1).00000000","\(minute % 50).12500000",\
            \(open + 59_999),"\((minute % 50 + 1) * price).50000000",\(minute % 13),"0.06250000","1.25000000","0"]
            """
    }
}
