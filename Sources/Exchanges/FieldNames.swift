import Market

/// What a venue calls the parts of a ticker. All but the last price may be missing, empty or null.
struct TickerNames {
    /// Nil: the answer does not say of which market it is.
    var symbol: StaticString?
    let last: StaticString
    let bid: StaticString
    let ask: StaticString
    var open: StaticString?
    var high: StaticString?
    var low: StaticString?
    let volume: StaticString
    var quoteVolume: StaticString?
    var time: (name: StaticString, form: TimeForm)?
    /// Where some answers say it.
    var optionalSymbol: StaticString?
}

/// What a venue calls the parts of a trade, all of them required.
struct TradeNames {
    let id: StaticString
    let time: (name: StaticString, form: TimeForm)
    let price: StaticString
    let size: StaticString
    let side: StaticString
}

/// What a venue calls the parts of a market.
struct ListingNames {
    let symbol: StaticString
    let base: StaticString
    let quote: StaticString
    let status: StaticString
    /// What the status is where the market trades.
    let trading: String
    let tick: StaticString
    let lot: StaticString
    /// The sizes are given as a count of digits after the point.
    var inDigits = false
}

private func ~= (pattern: StaticString?, name: JSONName) -> Bool { pattern.map { $0 ~= name } ?? false }

extension JSONReader {
    /// Nil: a market that is no pair of assets, or in which nobody has traded yet: its last price is empty or null.
    /// - Parameter pair: of the symbol; nil is given where the answer has none.
    mutating func ticker(_ names: TickerNames, of pair: (String?) -> Pair?) throws(JSONError) -> Ticker? {
        var (symbol, time, last): (String?, Int64?, WireDecimal??)
        var (bid, ask, open, high, low): (WireDecimal?, WireDecimal?, WireDecimal?, WireDecimal?, WireDecimal?)
        var (volume, quoteVolume): (WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case names.symbol, names.optionalSymbol: symbol = try reader.string()
            case names.last: last = try reader.optionalNumber()
            case names.bid: bid = try reader.optionalNumber()
            case names.ask: ask = try reader.optionalNumber()
            case names.open: open = try reader.optionalNumber()
            case names.high: high = try reader.optionalNumber()
            case names.low: low = try reader.optionalNumber()
            case names.volume: volume = try reader.optionalNumber()
            case names.quoteVolume: quoteVolume = try reader.optionalNumber()
            case names.time?.name: time = try reader.milliseconds(names.time?.form ?? .milliseconds)
            default: try reader.skip()
            }
        }
        if let name = names.symbol { _ = try required(symbol, name) }
        guard let pair = pair(symbol), let last = try required(last, names.last) else { return nil }
        return Ticker(
            pair: pair, time: time, last: last, bid: bid, ask: ask, high: high, low: low, open: open,
            volume: volume, quoteVolume: quoteVolume)
    }

    /// - Parameter taker: reads the side.
    mutating func trade(
        _ names: TradeNames, taker: (inout JSONReader) throws(JSONError) -> TakerSide
    ) throws(JSONError) -> PublicTrade {
        var (id, time, price, size, side): (String?, Int64?, WireDecimal?, WireDecimal?, TakerSide?)
        try object { reader, name throws(JSONError) in
            switch name {
            case names.id: id = try reader.identifier()
            case names.time.name: time = try reader.microseconds(names.time.form)
            case names.price: price = try reader.number()
            case names.size: size = try reader.number()
            case names.side: side = try taker(&reader)
            default: try reader.skip()
            }
        }
        return PublicTrade(
            id: try required(id, names.id), time: try required(time, names.time.name), price: try required(price, names.price),
            size: try required(size, names.size), taker: try required(side, names.side))
    }

    /// Nil: a market that is no pair of assets.
    mutating func listing(_ names: ListingNames) throws(JSONError) -> Listing? {
        var (symbol, base, quote, status): (String?, String?, String?, String?)
        var (tick, lot): (WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case names.symbol: symbol = try reader.string()
            case names.base: base = try reader.string()
            case names.quote: quote = try reader.string()
            case names.status: status = try reader.word()
            case names.tick: tick = try reader.stepSize(inDigits: names.inDigits)
            case names.lot: lot = try reader.stepSize(inDigits: names.inDigits)
            default: try reader.skip()
            }
        }
        let assets = (try required(base, names.base), try required(quote, names.quote))
        let name = try required(symbol, names.symbol)
        guard let pair = try? Pair(base: assets.0, quote: assets.1) else { return nil }
        return Listing(pair: pair, symbol: name, isTrading: status == names.trading, tickSize: tick, lotSize: lot)
    }

    mutating func stepSize(inDigits: Bool) throws(JSONError) -> WireDecimal? {
        guard inDigits else { return try optionalNumber() }
        return try optionalWhole().flatMap { WireDecimal(significand: 1, scale: Int(clamping: $0)) }
    }

    /// `buy` or `sell`, in small letters or not; of the taker.
    mutating func takerSide() throws(JSONError) -> TakerSide {
        switch try string() {
        case "buy", "Buy": .buy
        case "sell", "Sell": .sell
        default: throw error("side is neither buy nor sell")
        }
    }
}
