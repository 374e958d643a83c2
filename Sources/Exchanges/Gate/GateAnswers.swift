public import Market

extension Gate {
    /// `[["1788303600","12893013.08019620","77437.4","77630.2","77211.6","77276.2","166.51368100","true"],…]`: seconds, QUOTE volume, CLOSE,
    /// high, low, OPEN, volume, closed. Oldest first.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.array) { reader throws(JSONError) in try reader.gateCandle() }
        }.oldestFirst
    }

    /// ```json
    /// {"id":13035634,"current":1788332490408,"update":1788332490406,"asks":[["77617","0.013003"],…],"bids":[…]}
    /// ```
    /// `update` is when the book changed last; once there was none.
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in
            try reader.depth(DepthNames(sequence: "id", time: ("update", .milliseconds)), of: Self.self, asked: pair)
        }
    }

    /// ```json
    /// [{"currency_pair":"BTC_USDT","last":"26019.8","lowest_ask":"26019.9","highest_bid":"26019.8","base_volume":"4722.912133756",
    ///   "quote_volume":"122324034.68892","high_24h":"26202.4","low_24h":"25606.3",…},…]
    /// ```
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        let names = TickerNames(
            symbol: "currency_pair", last: "last", bid: "highest_bid", ask: "lowest_ask", high: "high_24h", low: "low_24h",
            volume: "base_volume", quoteVolume: "quote_volume")
        return try answer(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in try reader.ticker(names, of: Self.self, asked: pair) }
        }
    }

    /// ```json
    /// [{"id":"1232893232","create_time":"1548000000","create_time_ms":"1548000000123.456","side":"buy","amount":"0.15","price":"0.03",
    ///   "currency_pair":"ETH_BTC","order_id":"4128442423",…},…]
    /// ```
    /// Newest first; `side` is the taker's.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "id", time: ("create_time_ms", .milliseconds), price: "price", size: "amount", side: "side")
        return try answer(body) { reader throws(JSONError) in try reader.trades(names) }.oldestFirst
    }

    /// ```json
    /// [{"id":"ETH_USDT","base":"ETH","quote":"USDT","precision":2,"amount_precision":4,"trade_status":"tradable",…},…]
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        let names = ListingNames(
            symbol: "id", base: "base", quote: "quote", status: "trade_status", trading: "tradable", tick: "precision",
            lot: "amount_precision", inDigits: true)
        return try answer(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in try reader.listing(names) }
        }
    }

    /// `{"server_time":1597026383085}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) in
            try reader.member("server_time") { reader throws(JSONError) in try reader.milliseconds(.milliseconds) }
        }
    }
}

extension JSONReader {
    fileprivate mutating func gateCandle() throws(JSONError) -> Candle {
        try begin()
        let openTime = try milliseconds(.seconds)
        let quoteVolume = try nextNumber()
        let (close, high, low) = (try nextNumber(), try nextNumber(), try nextNumber())
        var candle = Candle(
            openTime: openTime, open: try nextNumber(), high: high, low: low, close: close, volume: try nextNumber(),
            quoteVolume: quoteVolume)
        // Added in 2022; the clock must tell where it is missing.
        if accept(",") { candle.isClosed = try flag() }
        try endRow()
        return candle
    }
}
