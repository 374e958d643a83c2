import FoundationEssentials
import Market
import Postgres

/// Which rows of which objects came in, and in which hours something is different now.
struct FactChanges {
    struct Hour: Hashable {
        let hash: Int64
        let hour: Date
    }

    private(set) var counts: [Int64: LoadCounts] = [:]
    private(set) var hours: Set<Hour> = []
    private(set) var insertedCount = 0

    mutating func insert(_ count: Int, of hash: Int64, at hour: Date) {
        insertedCount += count
        counts[hash, default: LoadCounts()].inserted += count
        hours.insert(Hour(hash: hash, hour: hour))
    }

    mutating func insertAll(of batch: SettledBatch) {
        insertedCount += batch.rows.count
        for (hash, share) in batch.shares where share.staged > 0 {
            counts[hash, default: LoadCounts()].inserted += share.staged
            for hour in share.hours { hours.insert(Hour(hash: hash, hour: Date(milliseconds: hour * 3_600_000))) }
        }
    }

    mutating func update(of hash: Int64, at hour: Date) {
        counts[hash, default: LoadCounts()].updated += 1
        hours.insert(Hour(hash: hash, hour: hour))
    }

    mutating func remove(of hash: Int64, at hour: Date) {
        counts[hash, default: LoadCounts()].removed += 1
        hours.insert(Hour(hash: hash, hour: hour))
    }
}
