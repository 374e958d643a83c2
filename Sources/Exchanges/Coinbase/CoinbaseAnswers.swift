public import Market

extension Coinbase {
    /// `[[1788328800,77598.58,77681.16,77606.33,77609.01,13.71681686],…]`: seconds, LOW, HIGH, open, close, volume. Newest first, without
    /// the intervals in which nobody traded; nothing marks the open one.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.array) { reader throws(JSONError) in
                try reader.begin()
                let openTime = try reader.milliseconds(.seconds)
                let (low, high) = (try reader.nextNumber(), try reader.nextNumber())
                let candle = Candle(
                    openTime: openTime, open: try reader.nextNumber(), high: high, low: low, close: try reader.nextNumber(),
                    volume: try reader.nextNumber())
                try reader.endRow()
                return candle
            }
        }.oldestFirst
    }

    /// ```json
    /// {"bids":[["63217.42","0.00004377",1],…],"asks":[…],"sequence":130929351062,"time":"2026-06-19T16:43:31.844642586Z",…}
    /// ```
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in
            try reader.depth(DepthNames(sequence: "sequence", time: ("time", .iso), ordersColumn: 2), of: Self.self, asked: pair)
        }
    }

    /// ```json
    /// {"ask":"63212.98","bid":"63212.97","volume":"4916.94797396","price":"63212.97","time":"2026-06-19T16:43:33.016274911Z",…}
    /// ```
    /// Or as `/stats` tells it, without bid, ask and time:
    /// ```json
    /// {"open":"62605.56","high":"63351.3","low":"62159.76","last":"63212.41","volume":"4918.33722403","volume_30day":"269980.64976703",…}
    /// ```
    /// The answer does not say of which product it is: without `pair` there is no ticker.
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        let names = TickerNames(
            last: "price", bid: "bid", ask: "ask", open: "open", high: "high", low: "low", volume: "volume", time: ("time", .iso),
            otherLast: "last")
        return try answer(body) { reader throws(JSONError) in
            try reader.rows(orOne: pair != nil) { reader throws(JSONError) in try reader.ticker(names, of: Self.self, asked: pair) }
        }
    }

    /// ```json
    /// [{"trade_id":1040406590,"side":"buy","size":"0.00003219","price":"63212.97000000","time":"2026-06-19T16:43:33.739704Z"},…]
    /// ```
    /// Newest first; `side` is the maker's.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "trade_id", time: ("time", .iso), price: "price", size: "size", side: "side")
        return try answer(body) { reader throws(JSONError) in try reader.trades(names, ofMaker: true) }.oldestFirst
    }

    /// ```json
    /// [{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001",
    ///   "status":"online",…},…]
    /// ```
    /// One product asked for by name comes without the array.
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        let names = ListingNames(
            symbol: "id", base: "base_currency", quote: "quote_currency", status: "status", trading: "online", tick: "quote_increment",
            lot: "base_increment")
        return try answer(body) { reader throws(JSONError) in
            try reader.rows(orOne: true) { reader throws(JSONError) in try reader.listing(names) }
        }
    }

    /// `{"iso":"2026-06-19T16:43:33.188Z","epoch":1781887413.188}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) in
            try reader.member("epoch") { reader throws(JSONError) in try reader.milliseconds(.seconds) }
        }
    }
}
