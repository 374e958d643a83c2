import Exchanges
import Jobs
import Market
import Postgres
import Runtime

/// Whether venues have the markets that somebody wants of them.
struct MarketCheck {
    /// By `VenueMarket.text`; without those of venues that could not be asked.
    let listings: [String: Listing]

    /// Nothing is known of any.
    init() { listings = [:] }

    /// Throws a `DataFault` that names the markets that a venue does not have, with the nearest that it has. A venue that cannot be
    /// asked is told of in the log, and has what was asked for.
    init(_ markets: [VenueMarket], at sites: [VenueSite], _ connection: Connection, timeout: Duration, _ program: Program) throws {
        let names = Set(markets.map { $0.venue.name })
        let lists = try MarketLists(connection, timeout: timeout, log: program.log, stop: program.stop)
            .ask(sites.filter { names.contains($0.name) })
        var listings: [String: Listing] = [:]
        var faults: [String] = []
        for market in markets {
            guard case .success(let list)? = lists[market.venue.name] else { continue }
            if let listing = list.first(where: { $0.pair == market.pair }) {
                listings[market.text] = listing
            } else {
                let near = Self.nearest(market.pair, in: list).map(\.description).joined(separator: ", ")
                faults.append("\(market.venue.name) has no market \(market.pair); the nearest of its \(list.count) are \(near)")
            }
        }
        guard faults.isEmpty else { throw DataFault(faults.joined(separator: "; ")) }
        for (venue, list) in lists.sorted(by: { $0.key < $1.key }) {
            guard case .failure(let fault) = list else { continue }
            program.log.warning("symbols.unchecked", ["venue": .text(venue), "error": .text("\(fault)")])
        }
        self.listings = listings
    }

    private static func nearest(_ pair: Pair, in list: [Listing]) -> [Pair] {
        let name = Array(pair.description.utf8)
        let distances = list.map { (distance(name, Array($0.pair.description.utf8)), $0.pair) }
        return distances.sorted { ($0.0, $0.1.description) < ($1.0, $1.1.description) }.prefix(3).map(\.1)
    }

    /// Levenshtein's: letters to put in, take out or change.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                (diagonal, row[j + 1]) = (row[j + 1], min(row[j] + 1, row[j + 1] + 1, diagonal + (letter == other ? 0 : 1)))
            }
        }
        return row[b.count]
    }
}
