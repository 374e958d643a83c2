import Curl
import Exchanges
import FoundationEssentials
import Market
import Runtime

/// The clocks of the venues of one pass, learned from what they answer.
struct VenueClocks {
    /// By venue.
    private(set) var known: [String: ClockOffset]
    /// Venues whose clock is too far from ours: nothing that they answer is kept.
    private var refused: Set<String> = []
    private let log: Log

    /// - Parameter known: of venues that need not be asked for the time.
    init(_ known: [String: ClockOffset], log: Log) {
        self.known = known
        self.log = log
    }

    /// One that is not known counts as ours.
    subscript(site: VenueSite) -> ClockOffset { known[site.name] ?? ClockOffset() }

    func isKnown(of site: VenueSite) -> Bool { known[site.name] != nil }

    func isRefused(of site: VenueSite) -> Bool { refused.contains(site.name) }

    /// From the answer to the question for the time; a venue that has none, or did not answer that, tells it with whatever it answers.
    /// Throws when that is too far from ours; from then on the clock is refused.
    mutating func learn(from reply: VenueReply) throws(VenueError) {
        let site = reply.inquiry.site
        guard !isKnown(of: site), let response = reply.outcome.response else { return }
        let told = reply.inquiry.target == nil ? try? site.venue.time(response.body) : nil
        let times = [told, response.date?.milliseconds].compactMap(\.self)
        guard let time = times.first else { return }
        // What the venue says in its own words may have changed, and the server's date is right still.
        guard let clock = times.lazy.compactMap({ ClockOffset(time: $0, receivedAt: response.receivedAt) }).first else {
            refused.insert(site.name)
            throw reply.inquiry.error(clock: time, response)
        }
        known[site.name] = clock
        if abs(clock.milliseconds) > ClockOffset.tolerance {
            log.warning("ingest.clock", ["venue": .text(site.name), "ahead_seconds": .number(Double(clock.milliseconds) / 1000)])
        }
    }
}
