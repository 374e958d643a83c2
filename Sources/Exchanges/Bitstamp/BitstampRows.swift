import Market

extension JSONReader {
    mutating func bitstampCandle() throws(JSONError) -> Candle {
        var (time, open, high): (Int64?, WireDecimal?, WireDecimal?)
        var (low, close, volume): (WireDecimal?, WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "timestamp": time = try reader.milliseconds(.seconds)
            case "open": open = try reader.number()
            case "high": high = try reader.number()
            case "low": low = try reader.number()
            case "close": close = try reader.number()
            case "volume": volume = try reader.number()
            default: try reader.skip()
            }
        }
        return Candle(
            openTime: try required(time, "timestamp"), open: try required(open, "open"), high: try required(high, "high"),
            low: try required(low, "low"), close: try required(close, "close"), volume: try required(volume, "volume"))
    }

    /// Nil: a market that is no pair of assets.
    mutating func bitstampListing() throws(JSONError) -> Listing? {
        var (name, symbol, trading): (String?, String?, String?)
        var (tick, lot): (WireDecimal?, WireDecimal?)
        try object { reader, member throws(JSONError) in
            switch member {
            case "name": name = try reader.string()
            case "url_symbol": symbol = try reader.string()
            case "trading": trading = try reader.string()
            case "counter_decimals": tick = try reader.stepSize(inDigits: true)
            case "base_decimals": lot = try reader.stepSize(inDigits: true)
            default: try reader.skip()
            }
        }
        let url = try required(symbol, "url_symbol")
        guard let pair = Bitstamp.pair(of: try required(name, "name")) else { return nil }
        return Listing(pair: pair, symbol: url, isTrading: trading == "Enabled", tickSize: tick, lotSize: lot)
    }
}
