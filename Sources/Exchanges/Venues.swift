/// Every venue with a public API that we read.
public enum Venues {
    public static let all: [any Venue.Type] = [
        Coinbase.self, Binance.self, Kraken.self, OKX.self, Bybit.self, Gate.self, KuCoin.self, Bitstamp.self, Gemini.self,
        CoinbaseAdvanced.self,
    ]

    /// By the name that stands in tables and keys; nil: there is none.
    public static func named(_ name: String) -> (any Venue.Type)? { all.first { $0.name == name } }
}
