import FoundationEssentials
import Market
import Warehouse

/// What the database has of each product, as far as we know, and what it was given and has not confirmed: enough to tell, after a
/// connection was lost in a COMMIT, whether that took effect, and whether anybody else wrote meanwhile.
struct CollectLedger {
    /// A product's newest sample.
    struct Position: Equatable {
        var lastTrade: Int64?
        /// Of the last sample; whole microseconds, as Postgres keeps it.
        var sampledAt: Int64?

        init(_ target: CollectTarget) {
            lastTrade = target.lastTrade
            sampledAt = target.lastSampleAt.map(Self.microseconds)
        }

        init(_ sample: CollectedSample) {
            lastTrade = sample.sample.flow.sequence
            sampledAt = Self.microseconds(sample.sample.sampledAt)
        }

        static func microseconds(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1e6).rounded()) }
    }

    private var confirmed: [String: Position] = [:]
    private(set) var inHand: [CollectedSample] = []

    mutating func adopt(_ targets: [CollectTarget]) {
        confirmed = Dictionary(targets.map { ($0.product, Position($0)) }) { first, _ in first }
    }

    mutating func take(_ samples: [CollectedSample]) { inHand += samples }

    /// The database has all that is in hand.
    mutating func confirm() {
        confirmed = afterwards
        inHand = []
    }

    /// The database will never have this product's samples.
    mutating func drop(_ product: String) { inHand.removeAll { $0.sample.product == product } }

    private var afterwards: [String: Position] {
        var positions = confirmed
        for sample in inHand { positions[sample.sample.product] = Position(sample) }
        return positions
    }

    /// Compares with the database after a lost connection. True: it is as it was before the samples in hand, or as it is after them,
    /// and they are confirmed then. False: somebody else wrote.
    mutating func reconcile(with targets: [CollectTarget]) -> Bool {
        let found = Dictionary(targets.map { ($0.product, Position($0)) }) { first, _ in first }
        if isKnown(found, as: confirmed) { return true }
        guard isKnown(found, as: afterwards) else { return false }
        confirm()
        return true
    }

    /// Products that came or went meanwhile do not count: nobody's samples are in question.
    private func isKnown(_ found: [String: Position], as known: [String: Position]) -> Bool {
        found.allSatisfy { product, position in known[product].map { $0 == position } ?? (position.sampledAt == nil) }
    }
}
