import FoundationEssentials
import Market
import Runtime
import Warehouse

/// What it tells of the markets.
extension SymbolsCommand {
    static func tell(_ market: VenueMarket, _ listing: Listing?, _ log: Log) {
        var fields: [(key: String, value: Log.Value)] = [("symbol", .text(market.text))]
        if let listing {
            fields.append(("trading", .flag(listing.isTrading)))
            fields += [("tick_size", listing.tickSize), ("lot_size", listing.lotSize)].compactMap { name, size in
                size.map { (name, .text("\($0)")) }
            }
        }
        log.log(listing?.isTrading == false ? .warning : .info, "symbols.tracked", fields: fields)
    }

    static func table(_ symbols: [TrackedSymbol]) -> String {
        let header = ["SYMBOL", "CANDLES", "DEPTH", "TICKERS", "SINCE"]
        return TextTable.aligned(
            [header]
                + symbols.map { symbol in
                    [
                        "\(symbol.exchange):\(symbol.pair)", symbol.klines ? symbol.intervals.map(\.code).joined(separator: ",") : "-",
                        symbol.depth ? "\(symbol.depthLevels)" : "-", symbol.tickers ? "yes" : "-",
                        ([symbol.since.utcText] + earlier(symbol).map { "\($0.interval) \($0.since.utcText)" }).joined(separator: ", "),
                    ]
                })
    }

    /// Intervals that are accounted for from before the market's time on.
    private static func earlier(_ symbol: TrackedSymbol) -> [(interval: KlineInterval, since: Date)] {
        symbol.backfilled.keys.sorted().map { ($0, symbol.since($0)) }.filter { $0.1 < symbol.since }
    }

    /// As the columns of the table have it.
    private struct Listed: Encodable {
        let exchange: String
        let symbol: String
        let klines: Bool
        let depth: Bool
        let tickers: Bool
        let intervalCodes: [String]
        let depthLevels: Int
        let since: String
        let backfilled: [String: String]

        enum CodingKeys: String, CodingKey {
            case exchange, symbol, klines, depth, tickers, since, backfilled
            case intervalCodes = "interval_codes"
            case depthLevels = "depth_levels"
        }
    }

    static func json(_ symbols: [TrackedSymbol]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let listed = symbols.map {
            Listed(
                exchange: $0.exchange, symbol: $0.pair.description, klines: $0.klines, depth: $0.depth, tickers: $0.tickers,
                intervalCodes: $0.intervals.map(\.code), depthLevels: $0.depthLevels, since: $0.since.utcText,
                backfilled: Dictionary(earlier($0).map { ($0.interval.code, $0.since.utcText) }) { $1 })
        }
        return String(decoding: try encoder.encode(listed), as: UTF8.self)
    }
}
