public import Market

extension Kraken {
    /// ```json
    /// {"error":[],"result":{"XBTUSDT":[[1762777020,"106038.2","106038.2","106038.2","106038.2","0.0","0.00000000",0],…],"last":1762820160}}
    /// ```
    /// Seconds, open, high, low, close, volume-weighted average, volume, trades. Oldest first. Minutes without trades are there, with a
    /// volume of 0. `last` is the newest closed one.
    public static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.krakenResult(of: pair) { reader throws(JSONError) in
                try reader.rows(.array) { reader throws(JSONError) in try reader.krakenCandle() }
            }
        }.oldestFirst
    }

    /// ```json
    /// {"error":[],"result":{"XBTUSDT":{"asks":[["105944.30000","0.136",1762820248],…],"bids":[…]}}}
    /// ```
    /// The time is that of the level.
    public static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in
            try reader.krakenResult(of: pair) { reader throws(JSONError) in try reader.depth(DepthNames(), of: Self.self, asked: pair) }
        }
    }

    /// ```json
    /// {"error":[],"result":{"0G/EUR":{"a":["0.2090000","3113","3113.000"],"b":["0.2070000","3536","3536.000"],"c":["0.2090000","476.57580"],
    ///  "v":["36265.21614","61788.65673"],"p":[…],"t":[138,188],"l":["0.2050000","0.2050000"],"h":["0.2160000","0.2160000"],"o":"0.2120000"},…}}
    /// ```
    /// Of two the second is of the last 24 hours; `o` is of today, so no ticker has it.
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        try answer(body) { reader throws(JSONError) in
            try reader.member("result") { reader throws(JSONError) in
                try reader.namedRows { reader, name throws(JSONError) in
                    guard let pair = try reader.market(name, of: Self.self, asked: pair) else {
                        try reader.skip()
                        return nil
                    }
                    return try reader.krakenTicker(pair)
                }
            }
        }
    }

    /// ```json
    /// {"error":[],"result":{"XBTUSDT":[["105433.60000","0.00027625",1762795433.9717445,"b","l","",10218208],…],"last":"1762795433971744500"}}
    /// ```
    /// Price, volume, seconds, bought or sold by the taker, market or limit order, unused, id. Oldest first. Before 2022 without the id.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        try answer(body) { reader throws(JSONError) in
            try reader.krakenResult { reader throws(JSONError) in
                try reader.rows(.array) { reader throws(JSONError) in try reader.krakenTrade() }
            }
        }.oldestFirst
    }

    /// ```json
    /// {"error":[],"result":{"AAVEAUD":{"altname":"AAVEAUD","wsname":"AAVE\/AUD","pair_decimals":2,"lot_decimals":8,"tick_size":"0.01",
    ///  "status":"online",…},…}}
    /// ```
    /// What has no `wsname` is a dark pool. Once there was neither status nor tick size.
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        try answer(body) { reader throws(JSONError) in
            try reader.member("result") { reader throws(JSONError) in
                try reader.namedRows { reader, name throws(JSONError) in try reader.krakenListing() }
            }
        }
    }

    /// `{"error":[],"result":{"unixtime":1616336594,"rfc1123":"Sun, 21 Mar 21 14:23:14 +0000"}}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) in
            try reader.member("result") { reader throws(JSONError) in
                try reader.member("unixtime") { reader throws(JSONError) in try reader.milliseconds(.seconds) }
            }
        }
    }
}

extension JSONReader {
    /// The one market of an answer, under whatever of its names.
    /// - Parameter asked: nil: whatever market it is.
    fileprivate mutating func krakenResult<R>(
        of asked: Pair? = nil, _ read: (inout JSONReader) throws(JSONError) -> R
    ) throws(JSONError) -> R {
        try member("result") { reader throws(JSONError) in
            var value: R?
            try reader.object { reader, name throws(JSONError) in
                guard !("last" ~= name), value == nil else { return try reader.skip() }
                if let asked { try reader.requireMarket(name.text, of: Kraken.self, asked: asked) }
                value = try read(&reader)
            }
            return try reader.required(value, "the pair")
        }
    }

    fileprivate mutating func krakenCandle() throws(JSONError) -> Candle {
        try begin()
        let openTime = try milliseconds(.seconds)
        let (open, high) = (try nextNumber(), try nextNumber())
        let (low, close) = (try nextNumber(), try nextNumber())
        _ = try nextNumber()
        let candle = Candle(
            openTime: openTime, open: open, high: high, low: low, close: close, volume: try nextNumber(), tradeCount: try nextWhole())
        try endRow()
        return candle
    }

    fileprivate mutating func krakenTicker(_ pair: Pair) throws(JSONError) -> Ticker {
        var (bid, ask, last): (WireDecimal?, WireDecimal?, WireDecimal?)
        var (high, low, volume): (WireDecimal?, WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "a": ask = try reader.column(0)
            case "b": bid = try reader.column(0)
            case "c": last = try reader.column(0)
            case "v": volume = try reader.column(1)
            case "l": low = try reader.column(1)
            case "h": high = try reader.column(1)
            default: try reader.skip()
            }
        }
        return Ticker(pair: pair, last: try required(last, "c"), bid: bid, ask: ask, high: high, low: low, volume: volume)
    }

    /// One number of a row.
    private mutating func column(_ wanted: Int) throws(JSONError) -> WireDecimal? {
        var (value, column) = (WireDecimal?.none, 0)
        try array { reader throws(JSONError) in
            if column == wanted { value = try reader.number() } else { try reader.skip() }
            column += 1
        }
        return value
    }

    fileprivate mutating func krakenTrade() throws(JSONError) -> PublicTrade {
        try begin()
        let (price, size) = (try number(), try nextNumber())
        try comma()
        let time = try microseconds(.seconds)
        try comma()
        let taker: TakerSide
        switch try string() {
        case "b": taker = .buy
        case "s": taker = .sell
        default: throw error("side is neither b nor s")
        }
        for _ in 0..<2 {
            try comma()
            try skip()
        }
        let id = accept(",") ? try identifier() : nil
        try endRow()
        return PublicTrade(id: id, time: time, price: price, size: size, taker: taker)
    }

    /// Nil: a dark pool.
    fileprivate mutating func krakenListing() throws(JSONError) -> Listing? {
        var (altname, wsname, status): (String?, String?, String?)
        var (tick, priceStep, lotStep): (WireDecimal?, WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "altname": altname = try reader.string()
            case "wsname": wsname = try reader.string()
            case "status": status = try reader.string()
            case "tick_size": tick = try reader.optionalNumber()
            case "pair_decimals": priceStep = try reader.stepSize(inDigits: true)
            case "lot_decimals": lotStep = try reader.stepSize(inDigits: true)
            default: try reader.skip()
            }
        }
        let symbol = try required(altname, "altname")
        guard let pair = wsname.flatMap(Kraken.pair(of:)) else { return nil }
        return Listing(
            pair: pair, symbol: symbol, isTrading: (status ?? "online") == "online", tickSize: tick ?? priceStep,
            lotSize: lotStep)
    }
}
