public import Market

extension Bybit {
    /// ```json
    /// {"retCode":0,"retMsg":"OK","result":{"category":"spot","symbol":"BTCUSDT",
    ///  "list":[["1788081180000","78101.7","78101.8","78101.7","78101.7","0.07731","6038.0438861"],…]},"retExtInfo":{},"time":1788081204221}
    /// ```
    /// Milliseconds, open, high, low, close, volume, quote volume. Newest first; nothing marks the open one.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.member("result") { reader throws(JSONError) in
                try reader.member("list", besideMarket: "symbol", of: Self.self, asked: pair) { reader throws(JSONError) in
                    try reader.rows(.array) { reader throws(JSONError) in try reader.bybitCandle() }
                }
            }
        }.oldestFirst
    }

    /// ```json
    /// {"retCode":0,"retMsg":"OK","result":{"s":"BTCUSDT","b":[["62710.2","5.52"]],"a":[["62710.3","0.01"]],"ts":1709199771584,"u":243781,…},…}
    /// ```
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in
            try reader.member("result") { reader throws(JSONError) in
                try reader.depth(
                    DepthNames(symbol: "s", bids: "b", asks: "a", sequence: "u", time: ("ts", .milliseconds)), of: Self.self, asked: pair)
            }
        }
    }

    /// ```json
    /// {"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"symbol":"BTCUSDT","bid1Price":"20517.96","ask1Price":"20527.77",
    ///  "lastPrice":"20533.13","prevPrice24h":"20393.48","highPrice24h":"21128.12","lowPrice24h":"20318.89","turnover24h":"243765620.65",
    ///  "volume24h":"11801.27771",…}]},…}
    /// ```
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        let names = TickerNames(
            symbol: "symbol", last: "lastPrice", bid: "bid1Price", ask: "ask1Price", open: "prevPrice24h", high: "highPrice24h",
            low: "lowPrice24h", volume: "volume24h", quoteVolume: "turnover24h")
        return try rows(body, .object) { reader throws(JSONError) in try reader.ticker(names, of: Self.self, asked: pair) }
    }

    /// ```json
    /// {"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"execId":"2100000000007764263","symbol":"BTCUSDT",
    ///  "price":"16618.49","size":"0.00012","side":"Buy","time":"1672052955758","isBlockTrade":false}]},…}
    /// ```
    /// Newest first; `side` is the taker's.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "execId", time: ("time", .milliseconds), price: "price", size: "size", side: "side")
        return try list(body) { reader throws(JSONError) in try reader.trades(names) }.oldestFirst
    }

    /// ```json
    /// {"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT",
    ///  "status":"Trading","lotSizeFilter":{"basePrecision":"0.000001",…},"priceFilter":{"tickSize":"0.01"},…}]},…}
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        let names = ListingNames(symbol: "symbol", base: "baseCoin", quote: "quoteCoin", status: "status", trading: "Trading")
        return try rows(body, .object) { reader throws(JSONError) in
            try reader.listing(names) { reader, name, steps throws(JSONError) in
                switch name {
                case "priceFilter": steps.tick = try reader.member("tickSize") { reader throws(JSONError) in try reader.number() }
                case "lotSizeFilter": steps.lot = try reader.member("basePrecision") { reader throws(JSONError) in try reader.number() }
                default: try reader.skip()
                }
            }
        }
    }

    /// `{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1688639403","timeNano":"1688639403423213947"},"retExtInfo":{},"time":1688639403423}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) in
            try reader.member("result") { reader throws(JSONError) in
                try reader.member("timeNano") { reader throws(JSONError) in try reader.milliseconds(.nanoseconds) }
            }
        }
    }

    private static func rows<Row>(
        _ body: [UInt8], _ shape: JSONReader.RowShape, _ read: (inout JSONReader) throws(JSONError) -> Row?
    ) throws(AnswerError) -> ParsedRows<Row> {
        try list(body) { reader throws(JSONError) in try reader.rows(shape, read) }
    }

    private static func list<R>(_ body: [UInt8], _ read: (inout JSONReader) throws(JSONError) -> R) throws(AnswerError) -> R {
        try answer(body) { reader throws(JSONError) in
            try reader.member("result") { reader throws(JSONError) in try reader.member("list", read) }
        }
    }
}

extension JSONReader {
    fileprivate mutating func bybitCandle() throws(JSONError) -> Candle {
        try begin()
        let openTime = try whole()
        let candle = Candle(
            openTime: openTime, open: try nextNumber(), high: try nextNumber(), low: try nextNumber(), close: try nextNumber(),
            volume: try nextNumber(), quoteVolume: try nextNumber())
        try endRow()
        return candle
    }
}
