import Synchronization
import Warehouse

/// What lanes have done so far. Any thread may read it.
public final class TransformTally: Sendable {
    private let counts = Mutex<JobCounts>([:])

    public init() {}

    public var value: JobCounts { counts.withLock { $0 } }
    public subscript(name: String) -> Int { counts.withLock { $0[name] ?? 0 } }

    func add(_ name: String, _ count: Int = 1) {
        if count != 0 { counts.withLock { $0[name, default: 0] += count } }
    }

    func add(_ outcomes: [ObjectOutcome]) {
        counts.withLock { counts in
            for outcome in outcomes {
                counts["objects", default: 0] += 1
                if outcome.kind != .loaded { counts[outcome.kind.rawValue, default: 0] += 1 }
                counts["rows_read", default: 0] += outcome.rowsRead
                counts["rows_inserted", default: 0] += outcome.counts.inserted
                counts["rows_updated", default: 0] += outcome.counts.updated
                counts["rows_duplicate", default: 0] += outcome.counts.duplicate
                counts["rows_rejected", default: 0] += outcome.rejected.count
                if outcome.counts.removed > 0 { counts["rows_removed", default: 0] += outcome.counts.removed }
            }
        }
    }
}
