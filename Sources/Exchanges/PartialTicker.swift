import Market

/// What has been read of a ticker while its required parts are still to come.
struct PartialTicker {
    var time: Int64?
    var bid: WireDecimal?
    var ask: WireDecimal?
    var high: WireDecimal?
    var low: WireDecimal?
    var open: WireDecimal?
    var volume: WireDecimal?
    var quoteVolume: WireDecimal?

    func of(_ pair: Pair, last: WireDecimal) -> Ticker {
        Ticker(
            pair: pair, time: time, last: last, bid: bid, ask: ask, high: high, low: low, open: open, volume: volume,
            quoteVolume: quoteVolume)
    }
}
