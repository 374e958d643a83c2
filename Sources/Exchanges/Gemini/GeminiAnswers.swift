public import Market

extension Gemini {
    /// `[[1559755800000,7781.6,7820.23,7776.56,7819.39,34.7624802159],…]`: milliseconds, open, high, low, close, volume. Newest first, with the
    /// intervals in which nobody traded; nothing marks the open one.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.array) { reader throws(JSONError) in
                try reader.begin()
                let openTime = try reader.whole()
                let candle = Candle(
                    openTime: openTime, open: try reader.nextNumber(), high: try reader.nextNumber(), low: try reader.nextNumber(),
                    close: try reader.nextNumber(), volume: try reader.nextNumber())
                try reader.endRow()
                return candle
            }
        }.oldestFirst
    }

    /// ```json
    /// {"bids":[{"price":"11382.49","amount":"2","timestamp":"1565588056"},…],"asks":[…]}
    /// ```
    /// The times mean nothing any more.
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in
            try reader.depth(DepthNames(level: LevelNames(price: "price", size: "amount")), of: Self.self, asked: pair)
        }
    }

    /// All of them in an array, with the last price only:
    /// ```json
    /// [{"pair":"BTCUSD","price":"9500.00","percentChange24h":"5.23"},…]
    /// ```
    /// One asked for by name, which the first version does not repeat, with volumes under the names of the assets:
    /// ```json
    /// {"ask":"11388.08","bid":"11381.50","last":"11381.47","volume":{"BTC":"915.6534281291","USD":"10394749.06","timestamp":1565587800000}}
    /// ```
    /// And as the second version tells it, without volumes:
    /// ```json
    /// {"symbol":"BTCUSD","open":"10148.67","high":"11000","low":"9210","close":"9662.94","changes":["9719",…],"bid":"9662.94","ask":"9663.28"}
    /// ```
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(orOne: pair != nil) { reader throws(JSONError) in try reader.geminiTicker(pair) }
        }
    }

    /// ```json
    /// [{"timestamp":1565662735,"timestampms":1565662735226,"tid":7756154092,"price":"11410.49","amount":"0.03","exchange":"gemini",
    ///   "type":"sell"},…]
    /// ```
    /// Newest first; `type` is the taker's side.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "tid", time: ("timestampms", .milliseconds), price: "price", size: "amount", side: "type")
        return try answer(body) { reader throws(JSONError) in try reader.trades(names) }.oldestFirst
    }

    /// `["btcusd","ethbtc",…]`, those that trade; or one with its details, where `tick_size` is of sizes:
    /// ```json
    /// {"symbol":"BTCUSD","base_currency":"BTC","quote_currency":"USD","tick_size":1e-8,"quote_increment":0.01,"status":"open",…}
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        let names = ListingNames(
            symbol: "symbol", base: "base_currency", quote: "quote_currency", status: "status", trading: "open", tick: "quote_increment",
            lot: "tick_size")
        return try answer(body) { reader throws(JSONError) in
            if reader.peek == UInt8(ascii: "{") {
                return try reader.rows(orOne: true) { reader throws(JSONError) in try reader.listing(names) }
            }
            return try reader.rows(.string) { reader throws(JSONError) in
                let symbol = try reader.string()
                return try reader.market(symbol, of: Self.self, asked: nil).map { Listing(pair: $0, symbol: symbol, isTrading: true) }
            }
        }
    }
}

extension JSONReader {
    fileprivate mutating func geminiTicker(_ asked: Pair?) throws(JSONError) -> Ticker? {
        var (symbol, last): (String?, WireDecimal??)
        var (bid, ask, open, high, low): (WireDecimal?, WireDecimal?, WireDecimal?, WireDecimal?, WireDecimal?)
        var volumes = GeminiVolumes()
        try object { reader, name throws(JSONError) in
            switch name {
            case "symbol", "pair": symbol = try reader.string()
            case "last", "close", "price": last = try reader.optionalNumber()
            case "bid": bid = try reader.optionalNumber()
            case "ask": ask = try reader.optionalNumber()
            case "open": open = try reader.optionalNumber()
            case "high": high = try reader.optionalNumber()
            case "low": low = try reader.optionalNumber()
            case "volume": volumes = try reader.geminiVolumes()
            default: try reader.skip()
            }
        }
        if asked == nil { _ = try required(symbol, "pair") }
        guard let pair = try market(symbol, of: Gemini.self, asked: asked), let last = try required(last, "last") else { return nil }
        return Ticker(
            pair: pair, time: volumes.time, last: last, bid: bid, ask: ask, high: high, low: low, open: open,
            volume: volumes.ofAssets[pair.base], quoteVolume: volumes.ofAssets[pair.quote])
    }

    private mutating func geminiVolumes() throws(JSONError) -> GeminiVolumes {
        var volumes = GeminiVolumes()
        try object { reader, name throws(JSONError) in
            if "timestamp" ~= name {
                volumes.time = try reader.milliseconds(.milliseconds)
            } else {
                volumes.ofAssets[name.text] = try reader.optionalNumber()
            }
        }
        return volumes
    }
}

/// Of the last 24 hours, up to a moment a little while ago.
private struct GeminiVolumes {
    var ofAssets: [String: WireDecimal] = [:]
    var time: Int64?
}
