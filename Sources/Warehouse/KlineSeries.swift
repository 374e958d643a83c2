public import Market

/// The candles of one market and one length.
public struct KlineSeries: Hashable, Sendable, CustomStringConvertible {
    public var exchange: String
    public var pair: Pair
    public var interval: KlineInterval

    public init(_ exchange: String, _ pair: Pair, _ interval: KlineInterval) {
        self.exchange = exchange
        self.pair = pair
        self.interval = interval
    }

    /// `binance:BTC-USDT 1m`.
    public var description: String { "\(exchange):\(pair) \(interval)" }
}
