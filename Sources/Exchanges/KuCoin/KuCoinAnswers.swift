public import Market

extension KuCoin {
    /// ```json
    /// {"code":"200000","data":[["1788328800","77625","77674.6","77689","77625","7.04447437","547069.686194431"],…]}
    /// ```
    /// Seconds, open, CLOSE, high, low, volume, quote volume. Newest first; nothing marks the open one.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try data(body) { reader throws(JSONError) in
            try reader.rows(.array) { reader throws(JSONError) in try reader.kuCoinCandle() }
        }.oldestFirst
    }

    /// ```json
    /// {"code":"200000","data":{"time":1788332424321,"sequence":"36463731205","bids":[["77603.1","0.54872723"],…],"asks":[…]}}
    /// ```
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try data(body) { reader throws(JSONError) in
            try reader.depth(DepthNames(sequence: "sequence", time: ("time", .milliseconds)), of: Self.self, asked: pair)
        }
    }

    /// ```json
    /// {"code":"200000","data":{"time":1602832092060,"ticker":[{"symbol":"BTC-USDT","buy":"11328.9","sell":"11329","high":"11610",
    ///  "low":"11200","vol":"2282.70993217","volValue":"25984946.157790431","last":"11328.9",…},…]}}
    /// ```
    /// Of one symbol without `ticker`, and the time beside the others.
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        try data(body) { reader throws(JSONError) in
            let names = TickerNames(
                symbol: "symbol", last: "last", bid: "buy", ask: "sell", high: "high", low: "low", volume: "vol", quoteVolume: "volValue",
                time: ("time", .milliseconds))
            guard let all = try reader.kuCoinTickers(names) else {
                return try reader.rows(orOne: pair != nil) { reader throws(JSONError) in
                    try reader.ticker(names, of: Self.self, asked: pair)
                }
            }
            return all
        }
    }

    /// ```json
    /// {"code":"200000","data":[{"sequence":"1545896668571","price":"0.07","size":"0.004","side":"buy","time":1545904567062140823},…]}
    /// ```
    /// Oldest first, nanoseconds; `side` is the taker's.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "sequence", time: ("time", .nanoseconds), price: "price", size: "size", side: "side")
        return try data(body) { reader throws(JSONError) in try reader.trades(names) }.oldestFirst
    }

    /// ```json
    /// {"code":"200000","data":[{"symbol":"BTC-USDT","baseCurrency":"BTC","quoteCurrency":"USDT","baseIncrement":"0.00000001",
    ///  "priceIncrement":"0.1","enableTrading":true,…},…]}
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        let names = ListingNames(
            symbol: "symbol", base: "baseCurrency", quote: "quoteCurrency", status: "enableTrading", trading: "true",
            tick: "priceIncrement",
            lot: "baseIncrement")
        return try data(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in try reader.listing(names) }
        }
    }

    /// `{"code":"200000","data":1729100692873}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try data(body) { reader throws(JSONError) in try reader.milliseconds(.milliseconds) }
    }

    private static func data<R>(_ body: [UInt8], _ read: (inout JSONReader) throws(JSONError) -> R) throws(AnswerError) -> R {
        try answer(body) { reader throws(JSONError) in try reader.member("data", read) }
    }
}

extension JSONReader {
    fileprivate mutating func kuCoinCandle() throws(JSONError) -> Candle {
        try begin()
        let openTime = try milliseconds(.seconds)
        let (open, close) = (try nextNumber(), try nextNumber())
        let candle = Candle(
            openTime: openTime, open: open, high: try nextNumber(), low: try nextNumber(), close: close, volume: try nextNumber(),
            quoteVolume: try nextNumber())
        try endRow()
        return candle
    }

    /// Nil: this is one ticker, and nothing has been read of it.
    fileprivate mutating func kuCoinTickers(_ names: TickerNames) throws(JSONError) -> ParsedRows<Ticker>? {
        let (start, outside) = (offset, depth)
        var (time, tickers): (Int64?, ParsedRows<Ticker>?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "time": time = try reader.milliseconds(.milliseconds)
            case "ticker":
                tickers = try reader.rows(.object) { reader throws(JSONError) in try reader.ticker(names, of: KuCoin.self, asked: nil) }
            default: try reader.skip()
            }
        }
        guard var tickers else {
            (offset, depth) = (start, outside)
            return nil
        }
        for index in tickers.rows.indices { tickers.rows[index].row.time = time }
        return tickers
    }
}
