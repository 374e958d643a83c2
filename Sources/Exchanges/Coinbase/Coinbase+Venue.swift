public import Curl
public import Market

/// Source: https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles and its neighbours
extension Coinbase: Venue {
    public static let publicURL = "https://api.exchange.coinbase.com"
    /// Of public endpoints, per address: 10 in a second, and 15 at once.
    public static let offer = VenueOffer(
        intervals: [.minute, .minutes5, .minutes15, .hour, .hours6, .day], candlesPerPage: 300, hasAllTickers: false,
        rateLimit: RateLimit(perSecond: 10, burst: 15))

    public static func symbol(of pair: Pair) -> String { pair.description }

    public static func pair(of symbol: String) -> Pair? { try? Pair(symbol) }

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request { Request(.get, URLText.join(baseURL, path, query: query)) }
        func product(_ pair: Pair) -> String { "/products/\(URLText.encoded(symbol(of: pair)))" }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard offer.intervals.contains(interval) else { return nil }
            // One of the ends without the other is ignored.
            let range = from.map { [("start", "\($0 / 1000)"), ("end", "\((to ?? offer.lastOpening(from: $0, interval)) / 1000)")] }
            return get(product(pair) + "/candles", [("granularity", "\(interval.seconds)")] + (range ?? []))
        // There are only the best level and the whole book.
        case .depth(let pair, let levels):
            return levels > 1 ? bookRequest(symbol(of: pair), baseURL: baseURL) : get(product(pair) + "/book", [("level", "1")])
        case .tickers(nil): return nil
        case .tickers(let pair?): return get(product(pair) + "/ticker")
        case .trades(let pair): return tradesRequest(symbol(of: pair), baseURL: baseURL, limit: pageLimit)
        case .markets: return get("/products")
        case .time: return get("/time")
        }
    }

    /// `{"message":"NotFound"}`; 404 only for what stands in the path, which is a product.
    public static func refusal(_ response: Response) -> VenueRefusal? {
        guard !response.isSuccess else { return nil }
        let message = ErrorBody(response.body, code: "", message: "message").message
        if response.status == 404 { return VenueRefusal(.unknownSymbol, response, message: message) }
        return VenueRefusal(status: response, message: message)
    }

    /// `[[1788328800,77598.58,77681.16,77606.33,77609.01,13.71681686],…]`: seconds, LOW, HIGH, open, close, volume. Newest first, without
    /// the intervals in which nobody traded; nothing marks the open one.
    public static func candles(_ body: [UInt8], interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try answer(body) { reader throws(JSONError) in
            try reader.rows(.array) { reader throws(JSONError) in
                try reader.begin()
                let openTime = try reader.milliseconds(.seconds)
                let (low, high) = (try reader.nextNumber(), try reader.nextNumber())
                let candle = Candle(
                    openTime: openTime, open: try reader.nextNumber(), high: high, low: low, close: try reader.nextNumber(),
                    volume: try reader.nextNumber())
                try reader.endRow()
                return candle
            }
        }.oldestFirst
    }

    /// ```json
    /// {"bids":[["63217.42","0.00004377",1],…],"asks":[…],"sequence":130929351062,"time":"2026-06-19T16:43:31.844642586Z",…}
    /// ```
    public static func depth(_ body: [UInt8]) throws(AnswerError) -> Depth {
        try answer(body) { reader throws(JSONError) in
            try reader.depth(DepthNames(sequence: "sequence", time: ("time", .iso), ordersColumn: 2))
        }
    }

    /// ```json
    /// {"ask":"63212.98","bid":"63212.97","volume":"4916.94797396","price":"63212.97","time":"2026-06-19T16:43:33.016274911Z",…}
    /// ```
    /// The answer does not say of which product it is: without `pair` there is no ticker.
    public static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> {
        let names = TickerNames(last: "price", bid: "bid", ask: "ask", volume: "volume", time: ("time", .iso))
        return try answer(body) { reader throws(JSONError) in
            try reader.rowsOrOne { reader throws(JSONError) in try reader.ticker(names) { _ in pair } }
        }
    }

    /// ```json
    /// [{"trade_id":1040406590,"side":"buy","size":"0.00003219","price":"63212.97000000","time":"2026-06-19T16:43:33.739704Z"},…]
    /// ```
    /// Newest first; `side` is the maker's.
    public static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> {
        let names = TradeNames(id: "trade_id", time: ("time", .iso), price: "price", size: "size", side: "side")
        return try answer(body) { reader throws(JSONError) in
            try reader.rows(.object) { reader throws(JSONError) in
                try reader.trade(names) { reader throws(JSONError) in try reader.takerSide() == .buy ? .sell : .buy }
            }
        }.oldestFirst
    }

    /// ```json
    /// [{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001",
    ///   "status":"online",…},…]
    /// ```
    /// One product asked for by name comes without the array.
    public static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> {
        let names = ListingNames(
            symbol: "id", base: "base_currency", quote: "quote_currency", status: "status", trading: "online", tick: "quote_increment",
            lot: "base_increment")
        return try answer(body) { reader throws(JSONError) in
            try reader.rowsOrOne { reader throws(JSONError) in try reader.listing(names) }
        }
    }

    /// `{"iso":"2026-06-19T16:43:33.188Z","epoch":1781887413.188}`
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) in
            try reader.member("epoch") { reader throws(JSONError) in try reader.milliseconds(.seconds) }
        }
    }
}
