import Exchanges
import Market

/// A market at a venue, as options name it.
struct VenueMarket {
    let venue: any Venue.Type
    let pair: Pair

    /// Throws a `UsageError` that tells which there are.
    static func venue(_ name: String) throws -> any Venue.Type {
        guard let venue = Venues.named(name) else {
            throw UsageError("there is no venue \"\(name)\"; there are \(Venues.all.map { $0.name }.joined(separator: ", "))")
        }
        return venue
    }

    var text: String { "\(venue.name):\(pair)" }

    /// `venue:BASE-QUOTE`; throws a `UsageError` that says what is wrong with it.
    init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw UsageError("\"\(text)\" is not VENUE:SYMBOL, such as binance:BTC-USDT") }
        venue = try Self.venue(parts[0])
        do { pair = try Pair(parts[1]) } catch {
            let hint = venue.pair(of: parts[1]).map { " (that is \($0))" } ?? ""
            throw UsageError("\(error)\(hint)")
        }
    }

    /// Throws a `UsageError` that names the first that the venue does not have.
    func require(_ intervals: [KlineInterval]) throws {
        guard let missing = intervals.first(where: { !venue.offer.intervals.contains($0) }) else { return }
        let known = venue.offer.intervals.map(\.code).joined(separator: ", ")
        throw UsageError("\(venue.name) has no candles of \(missing); it has \(known)")
    }

    /// Throws a `UsageError` if the venue never tells so many.
    func require(depthLevels: Int) throws {
        guard let limit = venue.offer.depthLimit, depthLevels > limit else { return }
        throw UsageError("\(venue.name) tells at most \(limit) levels of a side (got \(depthLevels))")
    }
}
