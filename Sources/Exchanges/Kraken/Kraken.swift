public import Curl
public import Market

/// Kraken's spot API. It answers with status 200 even where it refuses.
///
/// Source: https://docs.kraken.com/api/docs/rest-api/get-ohlc-data and its neighbours;
/// https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits
public enum Kraken: Venue {
    public static let name = "kraken"
    public static let publicURL = "https://api.kraken.com"
    /// Candles and trades are counted by address and pair, all else by address alone; how many are too many is not told, only that one a
    /// second is not. Its weeks do not open on Monday.
    ///
    /// Source: https://support.kraken.com/hc/en-us/articles/206548367-What-are-the-API-rate-limits-
    public static let offer = VenueOffer(
        intervals: [.minute, .minutes5, .minutes15, .minutes30, .hour, .hours4, .day], candlesPerPage: 720, candleHistory: 720,
        depthLimit: 500, rateLimit: RateLimit(perSecond: 1, burst: 1))

    /// Its own names of assets that the world calls otherwise.
    static let assets = ["XBT": "BTC", "XDG": "DOGE"]
    static let ownAssets = Dictionary(uniqueKeysWithValues: assets.map { ($1, $0) })
    /// For pairs that are named without a slash.
    private static let joined = JoinedSymbols(quotes: [
        "PYUSD", "RLUSD", "AUSD", "EUROP", "USDT", "USDC", "USDD", "USDQ", "USDR", "USD1", "EURC", "FIDD", "USD", "EUR", "GBP", "CAD",
        "JPY",
        "AUD", "CHF", "DAI", "XBT", "ETH", "SOL", "DOT",
    ])
    /// As they end the eight letters of an old pair, `XXBTZUSD`.
    private static let oldQuotes = ["ZUSD", "ZEUR", "ZGBP", "ZCAD", "ZJPY", "ZAUD", "XXBT", "XETH"]

    public static func symbol(of pair: Pair) -> String { (ownAssets[pair.base] ?? pair.base) + (ownAssets[pair.quote] ?? pair.quote) }

    /// Any of its forms: `XBTUSD`, `XXBTZUSD`, `XBT/USD`, `BTC/USD`.
    public static func pairs(of symbol: String) -> [Pair] {
        let parts = symbol.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2 { return pair(String(parts[0]), String(parts[1])).map { [$0] } ?? [] }
        if symbol.utf8.count == 8, let quote = oldQuotes.first(where: symbol.hasSuffix) {
            let base = symbol.prefix(4)
            let asset = String(base.first == "X" || base.first == "Z" ? base.dropFirst() : base)
            return pair(asset, String(quote.dropFirst())).map { [$0] } ?? []
        }
        return joined.pairs(of: symbol).compactMap { pair($0.base, $0.quote) }
    }

    public static func pair(of symbol: String) -> Pair? { pairs(of: symbol).only }

    private static func pair(_ base: String, _ quote: String) -> Pair? {
        try? Pair(base: assets[base] ?? base, quote: assets[quote] ?? quote)
    }

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request {
            Request(.get, URLText.join(baseURL, "/0/public/" + path, query: query))
        }
        switch question {
        case .candles(let pair, let interval, let from, _):
            guard offer.intervals.contains(interval) else { return nil }
            // Candles after that time: one second less takes in the one that opens then.
            let since = from.map { [("since", "\($0 / 1000 - 1)")] } ?? []
            return get("OHLC", [("pair", symbol(of: pair)), ("interval", "\(interval.seconds / 60)")] + since)
        case .depth(let pair, let levels): return get("Depth", [("pair", symbol(of: pair)), ("count", "\(offer.depthLevels(levels))")])
        // Without it the keys of the answer are in several old forms.
        case .tickers(nil): return get("Ticker", [("assetVersion", "1")])
        case .tickers(let pair?): return get("Ticker", [("pair", symbol(of: pair))])
        case .trades(let pair): return get("Trades", [("pair", symbol(of: pair)), ("count", "1000")])
        case .markets: return get("AssetPairs")
        case .time: return get("Time")
        }
    }

    /// `{"error":["EAPI:Rate limit exceeded"]}`; `W` for a warning, with which an answer comes.
    ///
    /// Source: https://docs.kraken.com/api/docs/guides/spot-errors
    public static func refusal(_ response: Response) -> VenueRefusal? {
        let errors = try? JSONReader.readStart(response.body) { reader throws(JSONError) in
            var errors: [String] = []
            guard try reader.find("error") else { return errors }
            try reader.array { reader throws(JSONError) in errors.append(try reader.string()) }
            return errors
        }
        guard let error = errors?.first(where: { $0.hasPrefix("E") }) else { return VenueRefusal(status: response) }
        return VenueRefusal(code(of: error), response, message: error)
    }

    private static func code(of error: String) -> VenueError.Code {
        let limits = ["Rate limit", "Too many requests", "Throttled", "Temporary lockout"]
        if limits.contains(where: error.contains) { return .rateLimited }
        if error.hasPrefix("EService") || error.hasPrefix("EGeneral:Internal error") { return .down }
        if error.hasPrefix("EGeneral:Permission denied") { return .denied }
        return error.hasPrefix("EQuery:Unknown asset") ? .unknownSymbol : .rejected
    }
}
