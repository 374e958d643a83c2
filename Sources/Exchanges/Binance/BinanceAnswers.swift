public import Market

extension Binance {
    /// ```json
    /// [[1588636800000,"8871.92000000","8888.00000000","8871.92000000","8887.62000000","47.66737000",1588636859999,"423305.63773405",617,
    ///   "25.94719700","230410.46415390","0"],…]
    /// ```
    /// Open time, open, high, low, close, volume, close time, quote volume, trades, bought by takers in base and in quote, unused.
    /// Oldest first; nothing marks the open one.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.array) { reader throws(JSONError) in try reader.binanceCandle() }
        }.oldestFirst
    }

    /// ```json
    /// {"lastUpdateId":499869752,"bids":[["0.35210000","672.00000000"],…],"asks":[…]}
    /// ```
    /// Or the best level alone, as `/ticker/bookTicker` has it:
    /// ```json
    /// {"symbol":"BTCUSDT","bidPrice":"6621.55000000","bidQty":"0.16356700","askPrice":"6622.10000000","askQty":"0.18635000"}
    /// ```
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in
            guard try reader.holds("bids") else { return try reader.binanceBest(of: pair) }
            return try reader.depth(DepthNames(sequence: "lastUpdateId"), of: Self.self, asked: pair)
        }
    }

    /// ```json
    /// [{"symbol":"ETHBTC","lastPrice":"0.03606000","bidPrice":"0.03605000","askPrice":"0.03606000","openPrice":"0.03661000",
    ///   "highPrice":"0.03668000","lowPrice":"0.03567000","volume":"33504.01330000","quoteVolume":"1211.29369168",
    ///   "closeTime":1730439017452,…},…]
    /// ```
    /// One symbol asked for by name comes without the array. `/ticker/price` calls the last price `price`, and tells nothing else.
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(orOne: pair != nil) { reader throws(JSONError) in try reader.ticker(tickerNames, of: Self.self, asked: pair) }
        }
    }

    private static let tickerNames = TickerNames(
        symbol: "symbol", last: "lastPrice", bid: "bidPrice", ask: "askPrice", open: "openPrice", high: "highPrice", low: "lowPrice",
        volume: "volume", quoteVolume: "quoteVolume", time: ("closeTime", .milliseconds), otherLast: "price")

    /// `{"mins":5,"price":"6622.02734157"}`: what was paid on the average of the last so many minutes, of `/avgPrice`.
    public static func averagePrice(_ body: [UInt8]) throws(AnswerError) -> (minutes: Int64, price: WireDecimal) {
        try answer(body) { reader throws(JSONError) in
            var (minutes, price): (Int64?, WireDecimal?)
            try reader.object { reader, name throws(JSONError) in
                switch name {
                case "mins": minutes = try reader.whole()
                case "price": price = try reader.number()
                default: try reader.skip()
                }
            }
            return (try reader.required(minutes, "mins"), try reader.required(price, "price"))
        }
    }

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
        let names = ListingNames(symbol: "symbol", base: "baseAsset", quote: "quoteAsset", status: "status", trading: "TRADING")
        return try answer(body) { reader throws(JSONError) in
            try reader.member("symbols") { reader throws(JSONError) in
                try reader.rows(.object) { reader throws(JSONError) in
                    try reader.listing(names) { reader, name, steps throws(JSONError) in
                        if "filters" ~= name { steps = try reader.binanceFilters() } else { try reader.skip() }
                    }
                }
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

    fileprivate mutating func binanceBest(of asked: Pair) throws(JSONError) -> Depth {
        var (bid, bidSize): (WireDecimal?, WireDecimal?)
        var (ask, askSize): (WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "symbol": try reader.requireMarketIfNamed(of: Binance.self, asked: asked)
            case "bidPrice": bid = try reader.number()
            case "bidQty": bidSize = try reader.number()
            case "askPrice": ask = try reader.number()
            case "askQty": askSize = try reader.number()
            default: try reader.skip()
            }
        }
        return Depth(
            bids: [DepthLevel(price: try required(bid, "bidPrice"), size: try required(bidSize, "bidQty"))],
            asks: [DepthLevel(price: try required(ask, "askPrice"), size: try required(askSize, "askQty"))])
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

    fileprivate mutating func binanceFilters() throws(JSONError) -> StepSizes {
        var steps = StepSizes()
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
            if kind == "PRICE_FILTER" { steps.tick = tickSize }
            if kind == "LOT_SIZE" { steps.lot = stepSize }
        }
        return steps
    }
}
