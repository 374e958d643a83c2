public import FoundationEssentials
import Runtime
import Warehouse

/// Rolls minutes up to hours, and hours to days: those that were touched since the last run, or all.
public struct AggregateJob: BatchJob {
    /// What is rolled up anew though nothing touched it.
    public enum Rebuild: Equatable, Sendable {
        case none
        /// Every hour from the one that `from` lies in to before `to`; nil: no bound.
        case hours(from: Date?, to: Date?)
    }

    public let name = "aggregate"
    private let rebuild: Rebuild
    /// Entries of `touched_hours` in one transaction: some 0.2 s of work.
    private let batch: Int

    public init(rebuild: Rebuild = .none, batch: Int = 2000) {
        self.rebuild = rebuild
        self.batch = batch
    }

    public func run(_ context: JobContext) throws -> JobCounts {
        let rollups = RollupRepository(context.connection)
        var counts: JobCounts = [:]
        if case .hours(let from, let to) = rebuild { counts["hours_marked"] = try rollups.touchAll(from: from, to: to) }
        var tally = RollupTally()
        var isMore = true
        while isMore, !context.stop.isRequested {
            let done = try rollups.rollUp(limit: batch)
            tally += done
            // One that is not full was the last, whatever others touch meanwhile.
            isMore = done.touches == batch
        }
        let told = [
            "touches": tally.touches, "hours_written": tally.hoursWritten, "hours_removed": tally.hoursRemoved,
            "days_written": tally.daysWritten, "days_removed": tally.daysRemoved,
        ]
        return counts.merging(told) { $1 }
    }
}
