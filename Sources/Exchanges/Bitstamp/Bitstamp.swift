public import Curl
public import Market

/// Bitstamp's API v2.
///
/// Source: https://www.bitstamp.net/api/
public enum Bitstamp: Venue {
    public static let name = "bitstamp"
    public static let publicURL = "https://www.bitstamp.net"
    /// Per address: 10,000 in 10 minutes.
    public static let offer = VenueOffer(
        intervals: [
            .minute, .minutes3, .minutes5, .minutes15, .minutes30, .hour, .hours2, .hours4, .hours6, .hours12, .day,
        ],
        candlesPerPage: 1000, hasAllTickers: true, rateLimit: RateLimit(10_000, in: 600))

    public static func symbol(of pair: Pair) -> String { (pair.base + pair.quote).lowercased() }

    /// `btcusd`, or `BTC/USD` as in answers.
    public static func pair(of symbol: String) -> Pair? {
        let parts = symbol.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 ? try? Pair(base: parts[0], quote: parts[1]) : Pair(joined: symbol, quotes: quotes)
    }

    private static let quotes = ["USDT", "USDC", "PYUSD", "RLUSD", "USD", "EUR", "GBP", "BTC", "ETH", "PAX", "EURC"]

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request {
            Request(.get, URLText.join(baseURL, "/api/v2/" + path, query: query))
        }
        func market(_ pair: Pair) -> String { URLText.encoded(symbol(of: pair)) }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard offer.intervals.contains(interval) else { return nil }
            let range = [from.map { ("start", "\($0 / 1000)") }, to.map { ("end", "\($0 / 1000)") }].compactMap { $0 }
            return get("ohlc/\(market(pair))/", [("step", "\(interval.seconds)"), ("limit", "\(offer.candlesPerPage)")] + range)
        // Always the whole book.
        case .depth(let pair, _): return get("order_book/\(market(pair))/")
        case .tickers(nil): return get("ticker/")
        case .tickers(let pair?): return get("ticker/\(market(pair))/")
        case .trades(let pair): return get("transactions/\(market(pair))/", [("time", "hour")])
        case .markets: return get("trading-pairs-info/")
        case .time: return nil
        }
    }

    /// `{"status":"error","reason":"…","code":"400.002"}`; 404 only for what stands in the path, which is a pair.
    public static func refusal(_ response: Response) -> VenueRefusal? {
        let body = response.isSuccess ? nil : ErrorBody(response.body, code: "code", message: "reason")
        switch (response.status, body?.code) {
        case (_, "400.002"), (_, "400.067"), (_, "400.068"): return VenueRefusal(.rateLimited, response, message: body?.message)
        case (404, _): return VenueRefusal(.unknownSymbol, response, message: body?.message)
        default: return VenueRefusal(status: response, message: body?.message)
        }
    }

    /// ```json
    /// {"data":{"ohlc":[{"close":"7170.66","high":"7170.66","low":"7164.21","open":"7164.21","timestamp":"1577836200","volume":"0.08549090"},…],
    ///  "pair":"BTC/USD"}}
    /// ```
    /// Oldest first; nothing marks the open one.
    public static func candles(_ body: [UInt8], interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.member("data") { reader throws(JSONError) in
                try reader.member("ohlc") { reader throws(JSONError) in
                    try reader.rows(.object) { reader throws(JSONError) in try reader.bitstampCandle() }
                }
            }
        }.oldestFirst
    }

    /// ```json
    /// {"timestamp":"1641343696","microtimestamp":"1641343696039184","bids":[["0.99948","3105.20768"],…],"asks":[…]}
    /// ```
    public static func depth(_ body: [UInt8]) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in try reader.depth(DepthNames(time: ("timestamp", .seconds))) }
    }

    /// ```json
    /// {"timestamp":"1643640186","open":"2211.00","high":"2811.00","low":"2188.97","last":"2211.00","volume":"213.26801100","bid":"2188.97",
    ///  "ask":"2211.00","open_24":"2211.00","pair":"BTC/USD",…}
    /// ```
    /// All of them in an array; `open` is of today. Asked for one by name, the answer once did not say which.
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        let names = TickerNames(
            last: "last", bid: "bid", ask: "ask", open: "open_24", high: "high", low: "low", volume: "volume",
            time: ("timestamp", .seconds),
            optionalSymbol: "pair")
        return try answer(body) { reader throws(JSONError) in
            try reader.rowsOrOne { reader throws(JSONError) in try reader.ticker(names) { $0.flatMap(Self.pair(of:)) ?? pair } }
        }
    }

    /// ```json
    /// [{"date":"1560481868","tid":"90574283","price":"8194.79","type":"1","amount":"0.00288599"},…]
    /// ```
    /// Newest first; the taker bought (0) or sold (1).
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "tid", time: ("date", .seconds), price: "price", size: "amount", side: "type")
        return try answer(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in
                try reader.trade(names) { reader throws(JSONError) in
                    switch try reader.whole() {
                    case 0: .buy
                    case 1: .sell
                    default: throw reader.error("type is neither 0 nor 1")
                    }
                }
            }
        }.oldestFirst
    }

    /// ```json
    /// [{"name":"BTC/USD","url_symbol":"btcusd","base_decimals":8,"counter_decimals":0,"trading":"Enabled",…},…]
    /// ```
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in try reader.bitstampListing() }
        }
    }

    /// There is no such answer.
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) in try reader.member("time") { reader throws(JSONError) in try reader.whole() } }
    }
}
