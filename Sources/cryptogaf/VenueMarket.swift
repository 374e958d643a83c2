import Exchanges
import Market

/// A market at a venue, as options name it.
struct VenueMarket {
    let venue: any Venue.Type
    let pair: Pair

    var text: String { "\(venue.name):\(pair)" }

    /// `venue:BASE-QUOTE`; throws a `UsageError` that says what is wrong with it.
    init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw UsageError("\"\(text)\" is not VENUE:SYMBOL, such as binance:BTC-USDT") }
        guard let venue = Venues.named(parts[0]) else {
            throw UsageError("there is no venue \"\(parts[0])\"; there are \(Venues.all.map { $0.name }.joined(separator: ", "))")
        }
        self.venue = venue
        do { pair = try Pair(parts[1]) } catch {
            let hint = venue.pair(of: parts[1]).map { " (that is \($0))" } ?? ""
            throw UsageError("\(error)\(hint)")
        }
    }
}
