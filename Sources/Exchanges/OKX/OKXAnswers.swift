public import Market

extension OKX {
    /// ```json
    /// {"code":"0","msg":"","data":[["1788083280000","78044.7","78056.2","78044.7","78056.1","0.84606466","66037.28","66037.28","0"],…]}
    /// ```
    /// Milliseconds, open, high, low, close, volume, volume (quote for spot, base for swaps), quote volume, "1" if closed. Newest first.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try rows(body, .array) { reader throws(JSONError) in try reader.okxCandle() }.oldestFirst
    }

    /// ```json
    /// {"code":"0","msg":"","data":[{"asks":[["77927.5","1.53603807","0","12"],…],"bids":[…],"ts":"1788253213356","seqId":80632135948}]}
    /// ```
    /// Price, size, unused, orders.
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try data(body) { reader throws(JSONError) in
            try reader.begin()
            let depth = try reader.depth(
                DepthNames(sequence: "seqId", time: ("ts", .milliseconds), ordersColumn: 3), of: Self.self, asked: pair)
            try reader.endRow()
            return depth
        }
    }

    /// ```json
    /// {"code":"0","msg":"","data":[{"instType":"SPOT","instId":"BTC-USDT","last":"77997.4","askPx":"77995.6","bidPx":"77995.5",
    ///  "open24h":"78798","high24h":"79401.4","low24h":"77000","vol24h":"4730.77655105","volCcy24h":"369956627.342196647",
    ///  "ts":"1788185985965",…},…]}
    /// ```
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        let names = TickerNames(
            symbol: "instId", last: "last", bid: "bidPx", ask: "askPx", open: "open24h", high: "high24h", low: "low24h", volume: "vol24h",
            quoteVolume: "volCcy24h", time: ("ts", .milliseconds))
        return try rows(body, .object) { reader throws(JSONError) in try reader.ticker(names, of: Self.self, asked: pair) }
    }

    /// ```json
    /// {"code":"0","msg":"","data":[{"instId":"BTC-USDT","side":"sell","sz":"0.00013669","px":"102537.9","tradeId":"734864333",
    ///  "ts":"1747087163557"},…]}
    /// ```
    /// Newest first; `side` is the taker's.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "tradeId", time: ("ts", .milliseconds), price: "px", size: "sz", side: "side")
        return try data(body) { reader throws(JSONError) in try reader.trades(names) }.oldestFirst
    }

    /// ```json
    /// {"code":"0","msg":"","data":[{"instType":"SPOT","instId":"BTC-USDT","baseCcy":"BTC","quoteCcy":"USDT","tickSz":"0.1",
    ///  "lotSz":"0.00000001","state":"live",…},…]}
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        let names = ListingNames(
            symbol: "instId", base: "baseCcy", quote: "quoteCcy", status: "state", trading: "live", tick: "tickSz", lot: "lotSz")
        return try rows(body, .object) { reader throws(JSONError) in try reader.listing(names) }
    }

    /// `{"code":"0","msg":"","data":[{"ts":"1597026383085"}]}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try data(body) { reader throws(JSONError) in
            try reader.begin()
            let time = try reader.member("ts") { reader throws(JSONError) in try reader.milliseconds(.milliseconds) }
            try reader.endRow()
            return time
        }
    }

    private static func rows<Row>(
        _ body: [UInt8], _ shape: JSONReader.RowShape, _ read: (inout JSONReader) throws(JSONError) -> Row?
    ) throws(AnswerError) -> ParsedRows<Row> {
        try data(body) { reader throws(JSONError) in try reader.rows(shape, read) }
    }

    private static func data<R>(_ body: [UInt8], _ read: (inout JSONReader) throws(JSONError) -> R) throws(AnswerError) -> R {
        try answer(body) { reader throws(JSONError) in try reader.member("data", read) }
    }
}

extension JSONReader {
    fileprivate mutating func okxCandle() throws(JSONError) -> Candle {
        try begin()
        let openTime = try whole()
        var candle = Candle(
            openTime: openTime, open: try nextNumber(), high: try nextNumber(), low: try nextNumber(), close: try nextNumber(),
            volume: try nextNumber())
        _ = try nextNumber()
        candle.quoteVolume = try nextNumber()
        candle.isClosed = try nextWhole() == 1
        try endRow()
        return candle
    }
}
