public import Market

extension Bitstamp {
    /// ```json
    /// {"data":{"ohlc":[{"close":"7170.66","high":"7170.66","low":"7164.21","open":"7164.21","timestamp":"1577836200","volume":"0.08549090"},…],
    ///  "pair":"BTC/USD"}}
    /// ```
    /// Oldest first; nothing marks the open one.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.member("data") { reader throws(JSONError) in
                try reader.member("ohlc", besideMarket: "pair", of: Self.self, asked: pair) { reader throws(JSONError) in
                    try reader.rows(.object) { reader throws(JSONError) in try reader.candle(time: "timestamp", .seconds) }
                }
            }
        }.oldestFirst
    }

    /// ```json
    /// {"timestamp":"1641343696","microtimestamp":"1641343696039184","bids":[["0.99948","3105.20768"],…],"asks":[…]}
    /// ```
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in
            try reader.depth(DepthNames(time: ("timestamp", .seconds)), of: Self.self, asked: pair)
        }
    }

    /// ```json
    /// {"timestamp":"1643640186","open":"2211.00","high":"2811.00","low":"2188.97","last":"2211.00","volume":"213.26801100","bid":"2188.97",
    ///  "ask":"2211.00","open_24":"2211.00","pair":"BTC/USD",…}
    /// ```
    /// All of them in an array; `open` is of today. Asked for one by name, the answer once did not say which.
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        let names = TickerNames(
            last: "last", bid: "bid", ask: "ask", open: "open_24", high: "high", low: "low", volume: "volume",
            time: ("timestamp", .seconds),
            optionalSymbol: "pair")
        return try answer(body) { reader throws(JSONError) in
            try reader.rows(orOne: pair != nil) { reader throws(JSONError) in
                try reader.ticker(names, of: Self.self, asked: pair)
            }
        }
    }

    /// ```json
    /// [{"date":"1560481868","tid":"90574283","price":"8194.79","type":"1","amount":"0.00288599"},…]
    /// ```
    /// Newest first; the taker bought (0) or sold (1).
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "tid", time: ("date", .seconds), price: "price", size: "amount", side: "type")
        return try answer(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in
                try reader.trade(names) { reader throws(JSONError) in
                    switch try reader.whole() {
                    case 0: .buy
                    case 1: .sell
                    default: throw reader.error("type is neither 0 nor 1")
                    }
                }
            }
        }.oldestFirst
    }

    /// ```json
    /// [{"name":"BTC/USD","url_symbol":"btcusd","base_decimals":8,"counter_decimals":0,"trading":"Enabled",…},…]
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in try reader.bitstampListing() }
        }
    }
}

extension JSONReader {
    /// Nil: a market that is no pair of assets.
    fileprivate mutating func bitstampListing() throws(JSONError) -> Listing? {
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
