import Market

/// What a venue calls the parts of a ticker. All but the last price may be missing, empty or null.
struct TickerNames {
    /// Nil: the answer does not say of which market it is.
    var symbol: StaticString?
    let last: StaticString
    var bid: StaticString?
    var ask: StaticString?
    var open: StaticString?
    var high: StaticString?
    var low: StaticString?
    var volume: StaticString?
    var quoteVolume: StaticString?
    var time: (name: StaticString, form: TimeForm)?
    /// Where some answers say it.
    var optionalSymbol: StaticString?
    /// What other answers call the last price.
    var otherLast: StaticString?
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
    /// Nil: deeper inside, and the venue reads them itself.
    var tick: StaticString?
    var lot: StaticString?
    /// The sizes are given as a count of digits after the point.
    var inDigits = false
}

/// What a venue calls the parts of a book.
struct DepthNames {
    /// Nil: the answer does not say of which market it is.
    var symbol: StaticString?
    var bids: StaticString = "bids"
    var asks: StaticString = "asks"
    var sequence: StaticString?
    var time: (name: StaticString, form: TimeForm)?
    var ordersColumn: Int?
    /// Nil: a level is an array.
    var level: LevelNames?
}

/// What a venue calls the parts of a level that is an object.
struct LevelNames {
    let price: StaticString
    let size: StaticString
}

/// What prices and sizes are multiples of.
struct StepSizes {
    var tick: WireDecimal?
    var lot: WireDecimal?
}
