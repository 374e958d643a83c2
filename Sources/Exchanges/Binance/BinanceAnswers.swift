public import Market

extension Binance {
    /// ```json
    /// [[1588636800000,"8871.92000000","8888.00000000","8871.92000000","8887.62000000","47.66737000",1588636859999,"423305.63773405",617,
    ///   "25.94719700","230410.46415390","0"],…]
    /// ```
    /// Open time, open, high, low, close, volume, close time, quote volume, trades, bought by takers in base and in quote, unused.
    /// Oldest first; nothing marks the open one.
    public static func candles(_ body: [UInt8], interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.array) { reader throws(JSONError) in try reader.binanceCandle() }
        }.oldestFirst
    }

    /// ```json
    /// {"lastUpdateId":499869752,"bids":[["0.35210000","672.00000000"],…],"asks":[…]}
    /// ```
    public static func depth(_ body: [UInt8]) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in try reader.depth(DepthNames(sequence: "lastUpdateId")) }
    }

    /// ```json
    /// [{"symbol":"ETHBTC","lastPrice":"0.03606000","bidPrice":"0.03605000","askPrice":"0.03606000","openPrice":"0.03661000",
    ///   "highPrice":"0.03668000","lowPrice":"0.03567000","volume":"33504.01330000","quoteVolume":"1211.29369168",
    ///   "closeTime":1730439017452,…},…]
    /// ```
    /// One symbol asked for by name comes without the array.
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        try answer(body) { reader throws(JSONError) in
            try reader.rowsOrOne { reader throws(JSONError) in try reader.ticker(tickerNames) { $0.flatMap(Self.pair(of:)) } }
        }
    }

    private static let tickerNames = TickerNames(
        symbol: "symbol", last: "lastPrice", bid: "bidPrice", ask: "askPrice", open: "openPrice", high: "highPrice", low: "lowPrice",
        volume: "volume", quoteVolume: "quoteVolume", time: ("closeTime", .milliseconds))

    /// ```json
    /// [{"id":409018748,"price":"0.06436200","qty":"0.01580000","time":1679280337591,"isBuyerMaker":false,…},…]
    /// ```
    /// Or trades of one taker added up, as `/aggTrades` has them: `{"a":202790190,"p":"7139.89","q":"0.067","T":1577977823305,"m":false,…}`.
    /// Oldest first. Where the buyer was the maker, the taker sold.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in try reader.binanceTrade() }
        }.oldestFirst
    }

    /// ```json
    /// {"serverTime":1754603741167,"symbols":[{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","quoteAsset":"BTC",
    ///  "filters":[{"filterType":"PRICE_FILTER","tickSize":"0.00001000",…},{"filterType":"LOT_SIZE","stepSize":"0.00010000",…},…],…},…],…}
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        try answer(body) { reader throws(JSONError) in
            try reader.member("symbols") { reader throws(JSONError) in
                try reader.rows(.object) { reader throws(JSONError) in try reader.binanceListing() }
            }
        }
    }

    /// `{"serverTime":1754603741167}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) in
            try reader.member("serverTime") { reader throws(JSONError) in try reader.whole() }
        }
    }
}

extension JSONReader {
    fileprivate mutating func binanceCandle() throws(JSONError) -> Candle {
        try begin()
        let openTime = try whole()
        var candle = Candle(
            openTime: openTime, open: try nextNumber(), high: try nextNumber(), low: try nextNumber(), close: try nextNumber(),
            volume: try nextNumber())
        _ = try nextWhole()
        candle.quoteVolume = try nextNumber()
        candle.tradeCount = try nextWhole()
        candle.takerBuyVolume = try nextNumber()
        candle.takerBuyQuoteVolume = try nextNumber()
        try endRow()
        return candle
    }

    fileprivate mutating func binanceTrade() throws(JSONError) -> PublicTrade {
        var (id, time, price, size, buyerIsMaker): (String?, Int64?, WireDecimal?, WireDecimal?, Bool?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "id", "a": id = try reader.identifier()
            case "time", "T": time = try reader.microseconds(.milliseconds)
            case "price", "p": price = try reader.number()
            case "qty", "q": size = try reader.number()
            case "isBuyerMaker", "m": buyerIsMaker = try reader.flag()
            default: try reader.skip()
            }
        }
        return PublicTrade(
            id: id, time: try required(time, "time"), price: try required(price, "price"), size: try required(size, "qty"),
            taker: try required(buyerIsMaker, "isBuyerMaker") ? .sell : .buy)
    }

    fileprivate mutating func binanceListing() throws(JSONError) -> Listing? {
        var (symbol, base, quote, status): (String?, String?, String?, String?)
        var (tick, lot): (WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "symbol": symbol = try reader.string()
            case "baseAsset": base = try reader.string()
            case "quoteAsset": quote = try reader.string()
            case "status": status = try reader.string()
            case "filters": (tick, lot) = try reader.binanceFilters()
            default: try reader.skip()
            }
        }
        let name = try required(symbol, "symbol")
        guard let pair = try? Pair(base: required(base, "baseAsset"), quote: required(quote, "quoteAsset")) else { return nil }
        return Listing(pair: pair, symbol: name, isTrading: status == "TRADING", tickSize: tick, lotSize: lot)
    }

    private mutating func binanceFilters() throws(JSONError) -> (tick: WireDecimal?, lot: WireDecimal?) {
        var (tick, lot): (WireDecimal?, WireDecimal?)
        try array { reader throws(JSONError) in
            var (kind, tickSize, stepSize): (String?, WireDecimal?, WireDecimal?)
            try reader.object { reader, name throws(JSONError) in
                switch name {
                case "filterType": kind = try reader.string()
                case "tickSize": tickSize = try reader.number()
                case "stepSize": stepSize = try reader.number()
                default: try reader.skip()
                }
            }
            if kind == "PRICE_FILTER" { tick = tickSize }
            if kind == "LOT_SIZE" { lot = stepSize }
        }
        return (tick, lot)
    }
}
