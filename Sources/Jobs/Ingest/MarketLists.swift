import Curl
import Exchanges
public import Market
public import Postgres
public import Runtime
import Warehouse

/// Asks venues for the markets that they have, within their rate limits.
public struct MarketLists {
    /// Why a venue's markets are not known now.
    public struct Fault: Error, CustomStringConvertible {
        public let description: String
    }

    private let connection: Connection
    private let timeout: Duration
    private let log: Log
    private let stop: Stop

    /// - Parameter timeout: for each venue to answer.
    public init(_ connection: Connection, timeout: Duration, log: Log, stop: Stop) {
        self.connection = connection
        self.timeout = timeout
        self.log = log
        self.stop = stop
    }

    /// By the venue's name. Throws when Postgres, which keeps the rate limits, fails.
    public func ask(_ sites: [VenueSite]) throws -> [String: Result<[Listing], Fault>] {
        let options = VenueFetcher.Options(timeout: timeout, patience: timeout)
        let fetcher = try VenueFetcher(options, budgets: VenueBudgetRepository(connection), log: log, stop: stop)
        for site in sites { fetcher.ask(VenueInquiry(site, .markets, symbol: "markets")) }
        var lists: [String: Result<[Listing], Fault>] = [:]
        while let reply = try fetcher.next() {
            if reply.isFinal { lists[reply.inquiry.site.name] = Self.list(reply) }
        }
        return lists
    }

    private static func list(_ reply: VenueReply) -> Result<[Listing], Fault> {
        switch reply.outcome {
        case .answered(let response):
            do throws(AnswerError) {
                let listings = try reply.inquiry.site.venue.markets(response.body).rows.map(\.row)
                return listings.isEmpty ? .failure(Fault(description: "the answer names no market")) : .success(listings)
            } catch {
                return .failure(Fault(description: "\(error)"))
            }
        case .refused(_, let error), .failed(let error): return .failure(Fault(description: "\(error)"))
        case .postponed(let reason): return .failure(Fault(description: reason))
        }
    }
}
