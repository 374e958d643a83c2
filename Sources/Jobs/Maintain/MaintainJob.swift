import FoundationEssentials
public import Lake
import Postgres
import Runtime
import Warehouse

/// Months of facts made ahead, and everything that is old moved on or removed.
///
/// A step that fails does not keep the others from their work; the run then fails in the end.
public struct MaintainJob: BatchJob {
    public let name = "maintain"
    private let retention: Retention
    private let live: OpenStore
    private let archive: OpenStore
    public let isDryRun: Bool

    /// A store for one run.
    public typealias OpenStore = (JobContext) throws -> any ObjectStore

    public init(_ retention: Retention, live: LakeLocation, archive: LakeLocation, isDryRun: Bool = false) {
        self.init(
            retention,
            live: { context in
                if try RawObjectRepository(context.connection).hasAny(in: .live) { try live.require() }
                return try live.open(log: context.log, stop: context.stop)
            },
            archive: { context in
                // Later a folder that is none is a disk that is not mounted.
                if !isDryRun, try !RawRetention(context.connection).hasArchived() { try archive.begin() }
                return try archive.open(log: context.log, stop: context.stop)
            }, isDryRun: isDryRun)
    }

    public init(_ retention: Retention, live: @escaping OpenStore, archive: @escaping OpenStore, isDryRun: Bool = false) {
        self.retention = retention
        self.live = live
        self.archive = archive
        self.isDryRun = isDryRun
    }

    public func run(_ context: JobContext) throws -> JobCounts {
        var counts: JobCounts = isDryRun ? ["dry_run": 1] : [:]
        var failures: [(step: String, error: any Error)] = []
        let steps: [(name: String, run: (JobContext, inout JobCounts) throws -> Void)] = [
            ("making months ahead", makeMonths), ("archiving", moveObjects), ("dropping months", dropMonths),
            ("finding died runs", markDied),
            ("pruning logs", pruneLogs),
        ]
        for step in steps where !context.stop.isRequested {
            do {
                try step.run(context, &counts)
            } catch {
                context.log.warning("maintain.step_failed", ["step": .text(step.name), "error": .text("\(error)")])
                failures.append((step.name, error))
                if context.connection.isBroken { break }
            }
        }
        guard let first = failures.first else { return counts }
        // Whatever else failed, a lake that is away is told as that.
        let ofLake = failures.first { ($0.error as? LakeError)?.isOfStore ?? false }
        throw JobFailure(
            failures.map { "\($0.step): \($0.error)" }.joined(separator: "; "), counts: counts, cause: (ofLake ?? first).error)
    }

    private func makeMonths(_ context: JobContext, _ counts: inout JobCounts) throws {
        let partitions = FactPartitions(context.connection)
        counts["months_made"] =
            isDryRun
            ? try partitions.missing(from: context.now(), ahead: Retention.monthsAhead)
            : try partitions.make(from: context.now(), ahead: Retention.monthsAhead)
    }

    /// What is archived and old goes before more comes, so that the two never add up.
    private func moveObjects(_ context: JobContext, _ counts: inout JobCounts) throws {
        let table = RawRetention(context.connection)
        let (live, archive) = (try live(context), try archive(context))
        let moving = RawMoving(
            table: table, live: live, archive: archive, log: context.log, stop: context.stop, isDryRun: isDryRun)
        counts["leftovers_removed"] = try moving.removeLeftovers()
        let archiving = RawArchiving(
            table: table, copying: RawCopying(live: live, archive: archive, log: context.log), moving: moving,
            giveUpBefore: context.daysAgo(retention.archiveDays), log: context.log, stop: context.stop)
        var (room, faults) = (try ArchiveRoom(table, bound: retention.archiveBytes), ArchivingFaults())
        defer {
            (counts["objects_expired"], counts["bytes_expired"]) = (room.expired.objects, room.expired.bytes)
            (counts["objects_archived"], counts["bytes_archived"]) = (room.archived.objects, room.archived.bytes)
            for (kind, count) in faults.counts { counts["objects_\(kind.rawValue)"] = count }
        }
        try archiving.expire(before: context.daysAgo(retention.archiveDays), &room)
        try archiving.archive(before: context.daysAgo(retention.rawDays), bound: retention.rawBytes, &room, &faults)
        counts["objects_waiting"] = try table.waiting(before: context.daysAgo(retention.rawDays))
    }

    private func dropMonths(_ context: JobContext, _ counts: inout JobCounts) throws {
        // While the lake is not there, nothing else has what is in these months.
        _ = try live(context)
        let partitions = FactPartitions(context.connection)
        counts["months_dropped"] = 0
        for partition in try partitions.ended(by: context.daysAgo(retention.factDays)) where !context.stop.isRequested {
            let reason =
                isDryRun
                ? try partitions.awaitsRollup(partition) ? "minutes of it are not rolled up" : nil
                : try partitions.drop(partition, age: .seconds(86_400 * retention.factDays))
            guard let reason else {
                context.log.info(
                    isDryRun ? "maintain.month_due" : "maintain.month_dropped",
                    ["partition": .text(partition.name), "bytes": .integer(partition.bytes)])
                counts["months_dropped", default: 0] += 1
                continue
            }
            context.log.warning("maintain.month_kept", ["partition": .text(partition.name), "reason": .text(reason)])
            counts["months_kept", default: 0] += 1
        }
    }

    /// A job that comes again marks its own; what was called once, such as a backfill, would be running for ever.
    private func markDied(_ context: JobContext, _ counts: inout JobCounts) throws {
        let jobs = JobRepository(context.connection)
        let found = try jobs.died().filter(context.isJob)
        let died = isDryRun ? found : try jobs.markDied(of: found)
        counts["runs_died"] = died.count
        guard !isDryRun else { return }
        for (job, runs) in Dictionary(grouping: died, by: \.self).sorted(by: { $0.key < $1.key }) {
            context.log.warning("job.died", ["job": .text(job), "runs": .integer(runs.count)])
        }
    }

    private func pruneLogs(_ context: JobContext, _ counts: inout JobCounts) throws {
        let logs = LogRetention(context.connection)
        for log in LogRetention.Log.allCases {
            let cutoff = context.daysAgo(log == .draws ? Retention.drawDays : retention.logDays)
            counts["\(log.rawValue)_pruned"] =
                isDryRun ? try logs.prunable(log, before: cutoff) : try prune(log, of: logs, before: cutoff, context)
        }
    }

    private func prune(_ log: LogRetention.Log, of logs: LogRetention, before cutoff: Date, _ context: JobContext) throws -> Int {
        var pruned = 0
        while !context.stop.isRequested {
            let count = try logs.prune(log, before: cutoff, limit: 5000)
            pruned += count
            if count == 0 { break }
        }
        return pruned
    }
}

extension JobContext {
    func daysAgo(_ days: Int) -> Date { now().addingTimeInterval(-86_400 * Double(days)) }
}
