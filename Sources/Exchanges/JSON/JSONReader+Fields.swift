import Market

private func ~= (pattern: StaticString?, name: JSONName) -> Bool { pattern.map { $0 ~= name } ?? false }

extension JSONReader {
    /// Nil: a market that is no pair of assets, or in which nobody has traded yet: its last price is empty or null.
    /// - Parameter asked: what was asked for; nil: all.
    mutating func ticker<V: Venue>(_ names: TickerNames, of venue: V.Type, asked: Pair?) throws(JSONError) -> Ticker? {
        var (symbol, time, last): (String?, Int64?, WireDecimal??)
        var (bid, ask, open, high, low): (WireDecimal?, WireDecimal?, WireDecimal?, WireDecimal?, WireDecimal?)
        var (volume, quoteVolume): (WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case names.symbol, names.optionalSymbol: symbol = try reader.string()
            case names.last, names.otherLast: last = try reader.optionalNumber()
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
        guard let pair = try market(symbol, of: venue, asked: asked), let last = try required(last, names.last) else { return nil }
        return Ticker(
            pair: pair, time: time, last: last, bid: bid, ask: ask, high: high, low: low, open: open,
            volume: volume, quoteVolume: quoteVolume)
    }

    /// Of which market a row is, by the venue's name of it; nil: of none that is a pair of assets. Throws if it is not of what was asked for,
    /// or if nobody can tell which of several it is of.
    ///
    /// - Parameter symbol: nil: the row does not say, and is of what was asked for.
    func market<V: Venue>(_ symbol: String?, of venue: V.Type, asked: Pair?) throws(JSONError) -> Pair? {
        guard let symbol else { return asked }
        guard let asked else {
            let pairs = venue.pairs(of: symbol)
            guard pairs.count < 2 else { throw error("it may be \(pairs.map(\.description).joined(separator: " or "))") }
            return pairs.first
        }
        try requireMarket(symbol, of: venue, asked: asked)
        return asked
    }

    /// Throws if a venue's name of a market, in whichever of its forms, is not one of what was asked for.
    func requireMarket<V: Venue>(_ symbol: String, of venue: V.Type, asked: Pair) throws(JSONError) {
        let name = venue.symbol(of: asked)
        guard name.uppercased() != symbol.uppercased() else { return }
        // Of assets with two names, such as XBT and BTC, a venue may know the pair under both.
        let told = venue.pairs(of: symbol)
        guard ([asked] + venue.aliases(of: asked) + venue.pairs(of: name)).allSatisfy({ !told.contains($0) }) else { return }
        let reason = "it is of \(printable(symbol.utf8, limit: 40)), not of \(name), which was asked for"
        throw JSONError(offset: offset, reason: reason, isOfOtherMarket: true)
    }

    /// Of a name that is next; `null` names none.
    mutating func requireMarketIfNamed<V: Venue>(of venue: V.Type, asked: Pair) throws(JSONError) {
        guard peek != UInt8(ascii: "n") else { return try skip() }
        try requireMarket(try string(), of: venue, asked: asked)
    }

    /// As `member`, of an object in which a member `besideMarket` may name a market: that must be what was asked for.
    mutating func member<V: Venue, R>(
        _ wanted: StaticString, besideMarket marketName: StaticString, of venue: V.Type, asked: Pair,
        _ read: (inout JSONReader) throws(JSONError) -> R
    ) throws(JSONError) -> R {
        var value: R?
        try object { reader, name throws(JSONError) in
            switch name {
            case marketName: try reader.requireMarketIfNamed(of: venue, asked: asked)
            case wanted: value = try read(&reader)
            default: try reader.skip()
            }
        }
        return try required(value, wanted)
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

    /// Trades as rows that are objects, and whose side is a word.
    /// - Parameter ofMaker: the side is that of the maker; the taker's is the other one.
    mutating func trades(_ names: TradeNames, ofMaker: Bool = false) throws(JSONError) -> ParsedRows<PublicTrade> {
        try rows(.object) { reader throws(JSONError) in
            try reader.trade(names) { reader throws(JSONError) in
                let isBuy = try reader.isBuy()
                return isBuy != ofMaker ? .buy : .sell
            }
        }
    }

    /// `buy` or `sell`, in small letters or not.
    private mutating func isBuy() throws(JSONError) -> Bool {
        switch try string() {
        case "buy", "Buy", "BUY": true
        case "sell", "Sell", "SELL": false
        default: throw error("side is neither buy nor sell")
        }
    }

    /// Nil: a market that is no pair of assets.
    mutating func listing(_ names: ListingNames) throws(JSONError) -> Listing? {
        try listing(names) { reader, _, _ throws(JSONError) in try reader.skip() }
    }

    /// - Parameter other: reads or skips what `names` have no name of, and sets the steps that it finds there.
    mutating func listing(
        _ names: ListingNames, other: (inout JSONReader, JSONName, inout StepSizes) throws(JSONError) -> Void
    ) throws(JSONError) -> Listing? {
        var (symbol, base, quote, status): (String?, String?, String?, String?)
        var steps = StepSizes()
        try object { reader, name throws(JSONError) in
            switch name {
            case names.symbol: symbol = try reader.string()
            case names.base: base = try reader.string()
            case names.quote: quote = try reader.string()
            case names.status: status = try reader.word()
            case names.tick: steps.tick = try reader.stepSize(inDigits: names.inDigits)
            case names.lot: steps.lot = try reader.stepSize(inDigits: names.inDigits)
            default: try other(&reader, name, &steps)
            }
        }
        let assets = (try required(base, names.base), try required(quote, names.quote))
        let name = try required(symbol, names.symbol)
        guard let pair = try? Pair(base: assets.0, quote: assets.1) else { return nil }
        return Listing(pair: pair, symbol: name, isTrading: status == names.trading, tickSize: steps.tick, lotSize: steps.lot)
    }

    mutating func stepSize(inDigits: Bool) throws(JSONError) -> WireDecimal? {
        guard inDigits else { return try optionalNumber() }
        return try optionalWhole().flatMap { WireDecimal(significand: 1, scale: Int(clamping: $0)) }
    }

    /// - Parameter asked: what was asked for; throws if the book says that it is of another market.
    mutating func depth<V: Venue>(_ names: DepthNames, of venue: V.Type, asked: Pair) throws(JSONError) -> Depth {
        var (sequence, time): (Int64?, Int64?)
        var (bids, asks): (ParsedRows<DepthLevel>?, ParsedRows<DepthLevel>?)
        try object { reader, name throws(JSONError) in
            switch name {
            case names.symbol: try reader.requireMarketIfNamed(of: venue, asked: asked)
            case names.bids: bids = try reader.levels(names)
            case names.asks: asks = try reader.levels(names)
            case names.sequence: sequence = try reader.optionalWhole()
            case names.time?.name: time = try reader.milliseconds(names.time?.form ?? .milliseconds)
            default: try reader.skip()
            }
        }
        let (read, offered) = (try required(bids, names.bids), try required(asks, names.asks))
        let moved = offered.rejected.map { row in
            RejectedRow(position: read.rows.count + read.rejected.count + row.position, reason: row.reason, text: row.text)
        }
        let rejected = read.rejected + moved
        try requireReadable(rejected, of: read.rows.count + offered.rows.count + rejected.count)
        return Depth(time: time, sequence: sequence, bids: read.rows.map(\.row), asks: offered.rows.map(\.row), rejected: rejected)
    }

    /// Best first.
    private mutating func levels(_ names: DepthNames) throws(JSONError) -> ParsedRows<DepthLevel> {
        guard let level = names.level else {
            return try rows(.array, part: true) { reader throws(JSONError) in try reader.level(ordersColumn: names.ordersColumn) }
        }
        return try rows(.object, part: true) { reader throws(JSONError) in
            var (price, size): (WireDecimal?, WireDecimal?)
            try reader.object { reader, name throws(JSONError) in
                switch name {
                case level.price: price = try reader.number()
                case level.size: size = try reader.number()
                default: try reader.skip()
                }
            }
            return DepthLevel(price: try reader.required(price, level.price), size: try reader.required(size, level.size))
        }
    }

    /// `["price","size",…]`
    /// - Parameter ordersColumn: where orders are counted, from 0.
    private mutating func level(ordersColumn: Int?) throws(JSONError) -> DepthLevel {
        try begin()
        var level = DepthLevel(price: try number(), size: try nextNumber())
        var column = 2
        while accept(",") {
            if column == ordersColumn { level.orders = try whole() } else { try skip() }
            column += 1
        }
        try end()
        return level
    }

    /// A candle that is an object; its prices and its volume are named in plain English, and all required.
    mutating func candle(time timeName: StaticString, _ form: TimeForm) throws(JSONError) -> Candle {
        var (time, open, high): (Int64?, WireDecimal?, WireDecimal?)
        var (low, close, volume): (WireDecimal?, WireDecimal?, WireDecimal?)
        try object { reader, name throws(JSONError) in
            switch name {
            case timeName: time = try reader.milliseconds(form)
            case "open": open = try reader.number()
            case "high": high = try reader.number()
            case "low": low = try reader.number()
            case "close": close = try reader.number()
            case "volume": volume = try reader.number()
            default: try reader.skip()
            }
        }
        return Candle(
            openTime: try required(time, timeName), open: try required(open, "open"), high: try required(high, "high"),
            low: try required(low, "low"), close: try required(close, "close"), volume: try required(volume, "volume"))
    }
}
