import Market

/// Names of markets that are two assets with nothing between them: where one ends and the other begins, only the names of assets tell.
struct JoinedSymbols: Sendable {
    /// What a venue's markets are priced in, or were. One that is missing here makes its markets no pairs; it must be here if it ends like
    /// another that is, or its markets would be the other's.
    let quotes: [String]

    /// In either case. One: that is it. None: it ends in no quote. Several: more than one quote ends it, and nobody here knows the assets
    /// before them well enough to choose.
    func pairs(of symbol: String) -> [Pair] {
        let symbol = symbol.uppercased()
        let pairs = quotes.filter { symbol.hasSuffix($0) && symbol.utf8.count > $0.utf8.count }
            .compactMap { try? Pair(base: symbol.dropLast($0.utf8.count), quote: $0) }
        guard pairs.count > 1 else { return pairs }
        let known = pairs.filter { Self.bases.contains($0.base) }
        return known.count == 1 ? known : pairs
    }

    /// Nil: none, or not one.
    func pair(of symbol: String) -> Pair? { pairs(of: symbol).only }

    /// What stands before quotes of which one ends like another: `ADAEUR` is in euros, for there is no `AD`; `BTCAEUR` is not, for there is
    /// no `BTCA`. Nothing whose beginning is an asset too may be here together with that: `PAXG` is, so `PAX` is not.
    private static let bases: Set<String> = [
        // Those that end like the beginning of AEUR and AUSD, of GUSD, PYUSD and RLUSD.
        "ADA", "ALPHA", "ARPA", "ATA", "BETA", "DIA", "ENA", "FIDA", "GALA", "KAVA", "LUNA", "MANA", "MINA", "ORCA", "PHA", "TIA", "UMA",
        "ZETA", "DOG", "MOODENG", "OG", "PAXG", "STG", "USDG", "JPY", "PEARL",
        // Those with the largest markets.
        "AAVE", "ATOM", "AVAX", "BCH", "BNB", "BONK", "BTC", "DAI", "DOGE", "DOT", "ETC", "ETH", "EUR", "FIL", "GBP", "HYPE", "LINK", "LTC",
        "MATIC", "NEAR", "PEPE", "POL", "SHIB", "SOL", "SUI", "TON", "TRX", "UNI", "USDC", "USDT", "WIF", "XBT", "XDG", "XLM", "XMR", "XRP",
        "XTZ", "ZEC",
    ]
}

extension Collection {
    /// The element, if it is the only one.
    var only: Element? { count == 1 ? first : nil }
}
