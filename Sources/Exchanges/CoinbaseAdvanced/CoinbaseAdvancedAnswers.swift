public import Market

extension CoinbaseAdvanced {
    /// ```json
    /// {"candles":[{"start":"1712192400","low":"66055.14","high":"66331.99","open":"66312.4","close":"66181.6","volume":"355.82896243"},…]}
    /// ```
    /// Newest first; nothing marks the open one.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.member("candles") { reader throws(JSONError) in
                try reader.rows(.object) { reader throws(JSONError) in try reader.candle(time: "start", .seconds) }
            }
        }.oldestFirst
    }

    /// ```json
    /// {"pricebook":{"product_id":"BTC-USD","bids":[{"price":"68923.66","size":"0.17189468"},…],"asks":[…],
    ///  "time":"2026-04-07T00:28:59.662782Z"},"last":"68923.665",…}
    /// ```
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        let names = DepthNames(symbol: "product_id", time: ("time", .iso), level: LevelNames(price: "price", size: "size"))
        return try answer(body) { reader throws(JSONError) in
            try reader.member("pricebook") { reader throws(JSONError) in try reader.depth(names, of: Self.self, asked: pair) }
        }
    }

    /// Of all, as `markets` has them; best bid and ask are mostly empty:
    /// ```json
    /// {"products":[{"product_id":"BTC-USD","price":"68925.98","volume_24h":"11005.02587005","best_bid_price":"","best_ask_price":"",…},…],…}
    /// ```
    /// Of one, as `trades` has them, newest first: the first is the last trade.
    /// ```json
    /// {"trades":[{"trade_id":"995098663","product_id":"BTC-USD","price":"68923.67","time":"2026-04-07T00:28:58.544778Z",…},…],
    ///  "best_bid":"68923.66","best_ask":"68923.67"}
    /// ```
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        let names = TickerNames(symbol: "product_id", last: "price", bid: "best_bid_price", ask: "best_ask_price", volume: "volume_24h")
        return try answer(body) { reader throws(JSONError) in
            guard pair == nil else {
                return try reader.rows(orOne: true) { reader throws(JSONError) in try reader.lastTradeTicker(pair) }
            }
            return try reader.member("products") { reader throws(JSONError) in
                try reader.rows(.object) { reader throws(JSONError) in try reader.ticker(names, of: Self.self, asked: nil) }
            }
        }
    }

    /// ```json
    /// {"trades":[{"trade_id":"995098663","product_id":"BTC-USD","price":"68923.67","size":"0.00064","time":"2026-04-07T00:28:58.544778Z",
    ///  "side":"SELL",…},…],…}
    /// ```
    /// Newest first; `side` is the maker's.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "trade_id", time: ("time", .iso), price: "price", size: "size", side: "side")
        return try answer(body) { reader throws(JSONError) in
            try reader.member("trades") { reader throws(JSONError) in try reader.trades(names, ofMaker: true) }
        }.oldestFirst
    }

    /// ```json
    /// {"products":[{"product_id":"BTC-USD","base_currency_id":"BTC","quote_currency_id":"USD","price_increment":"0.01",
    ///  "base_increment":"0.00000001","status":"online","product_type":"SPOT",…},…],"num_products":2,…}
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        let names = ListingNames(
            symbol: "product_id", base: "base_currency_id", quote: "quote_currency_id", status: "status", trading: "online",
            tick: "price_increment", lot: "base_increment")
        return try answer(body) { reader throws(JSONError) in
            try reader.member("products") { reader throws(JSONError) in
                try reader.rows(.object) { reader throws(JSONError) in try reader.listing(names) }
            }
        }
    }

    /// `{"iso":"2026-04-07T00:28:58Z","epochSeconds":"1775521738","epochMillis":"1775521738544"}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) in
            try reader.member("epochMillis") { reader throws(JSONError) in try reader.milliseconds(.milliseconds) }
        }
    }
}

extension JSONReader {
    /// Nil: nobody has traded yet.
    fileprivate mutating func lastTradeTicker(_ asked: Pair?) throws(JSONError) -> Ticker? {
        let names = TickerNames(symbol: "product_id", last: "price", time: ("time", .iso))
        var (trades, bid, ask): (ParsedRows<Ticker>?, WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "trades":
                trades = try reader.rows(.object) { reader throws(JSONError) in
                    try reader.ticker(names, of: CoinbaseAdvanced.self, asked: asked)
                }
            case "best_bid": bid = try reader.optionalNumber()
            case "best_ask": ask = try reader.optionalNumber()
            default: try reader.skip()
            }
        }
        let last = try required(trades, "trades")
        guard var ticker = last.rows.first?.row else {
            guard let rejected = last.rejected.first else { return nil }
            throw error(rejected.reason)
        }
        (ticker.bid, ticker.ask) = (bid, ask)
        return ticker
    }
}
