import FoundationEssentials
import Lake
public import Postgres
public import Runtime
import Warehouse

/// One run of a job: under the job's lock, if it is enabled, with its entry in `job_runs`.
public struct BatchRun: Sendable {
    /// What came of it.
    public enum Ending: Equatable, Sendable {
        case succeeded(JobCounts)
        /// The stop came first; what was begun is finished, the rest is the next run's.
        case stopped(JobCounts)
        /// Another run of the job is under way.
        case overlapped
        /// Somebody switched the job off.
        case disabled
    }

    private let log: Log
    private let stop: Stop
    private let isJob: @Sendable (String) -> Bool
    private let connect: @Sendable () throws(PostgresError) -> Connection

    /// - Parameter isJob: as of `JobContext`. Of other names in `jobs` the log is told, since they switch nothing.
    public init(
        log: Log, stop: Stop, isJob: @escaping @Sendable (String) -> Bool = { _ in true },
        connect: @escaping @Sendable () throws(PostgresError) -> Connection
    ) {
        self.log = log
        self.stop = stop
        self.isJob = isJob
        self.connect = connect
    }

    /// How long a Postgres that is away is waited for when the outcome is to be recorded.
    private static let patience: Duration = .seconds(60)

    /// Throws what ended the job, after it has been recorded; and what kept the outcome from being recorded: then the next run says "died".
    public func run(_ job: some BatchJob) throws -> Ending {
        let connection = try connect()
        try Schema.verify(connection)
        let lock = AdvisoryLock(.job, job.name)
        guard try lock.tryAcquire(on: connection) else {
            log.info("job.overlapped", ["job": .text(job.name), "reason": "another run of it is under way"])
            return .overlapped
        }
        // By itself the server lets go of it when it notices that the connection has ended, and the next run may begin before.
        defer { if !connection.isBroken, !connection.isInTransaction { try? lock.release(on: connection) } }
        let jobs = JobRepository(connection)
        let died = try jobs.markDied(job.name)
        if died > 0 { log.warning("job.died", ["job": .text(job.name), "runs": .integer(died)]) }
        // Here whoever switched this job under a misspelt name will look for why it runs.
        for name in try jobs.switched() where !isJob(name) {
            log.warning("job.unknown_switch", ["name": .text(name), "reason": "a row of crypto_gaf.jobs bears a name that no job has"])
        }
        guard try jobs.isEnabled(job.name) else {
            log.info("job.disabled", ["job": .text(job.name), "reason": "it is switched off in crypto_gaf.jobs"])
            return .disabled
        }
        return try run(job, as: job.isDryRun ? nil : try jobs.begin(job.name), connection)
    }

    /// - Parameter run: nil: it is not recorded.
    private func run(_ job: some BatchJob, as run: Int64?, _ connection: Connection) throws -> Ending {
        let started = ContinuousClock.now
        let session = connection.serverProcess
        let entry = run.map { Entry(job: job.name, run: $0, connection: connection, session: session) }
        switch Result(catching: { try job.run(JobContext(connection: connection, connect: connect, log: log, stop: stop, isJob: isJob)) }) {
        case .success(let counts):
            let outcome: JobOutcome = stop.isRequested ? .stopped : .succeeded
            tell(outcome, job.name, counts, started)
            try finish(entry, outcome, counts)
            return outcome == .stopped ? .stopped(counts) : .succeeded(counts)
        case .failure(let error):
            let failure = error as? JobFailure ?? JobFailure("\(error)", cause: error)
            // The metrics tell a fault of the lake from all others by this.
            let counts = failure.isOfLake ? failure.counts.merging(["lake_failed": 1]) { $1 } : failure.counts
            tell(.failed, job.name, counts, started)
            do { try finish(entry, .failed, counts, error: "\(error)") } catch {
                log.warning("job.failure_not_recorded", ["error": .text("\(error)")])
            }
            throw error
        }
    }

    /// A run in `job_runs`, and the connection under whose lock it is.
    private struct Entry {
        let job: String
        let run: Int64
        let connection: Connection
        /// Another one now: the lock has gone with the old one.
        let session: Int32
    }

    /// What became of the work is recorded, whatever became of the connection: if that is gone, over another one, for which a Postgres that
    /// is starting again is waited for.
    private func finish(_ entry: Entry?, _ outcome: JobOutcome, _ counts: JobCounts, error: String? = nil) throws {
        guard let entry else { return }
        let json = try Self.json(counts)
        let text = error.map { String($0.filter { $0 != "\0" }.prefix(2000)) }
        let deadline = ContinuousClock.now + Self.patience
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(2))
        var connection: Connection? = entry.connection.isBroken || entry.connection.isInTransaction ? nil : entry.connection
        while true {
            do throws(PostgresError) {
                let usable = if let connection { connection } else { try connect() }
                try JobRepository(usable).finish(entry.run, outcome, counts: json, error: text)
                break
            } catch {
                guard error.isRetryable, ContinuousClock.now < deadline else { throw error }
                guard connection != nil || stop.sleep(for: backoff.next()) else { throw error }
                connection = nil
            }
        }
        guard entry.connection.isBroken || entry.connection.serverProcess != entry.session else { return }
        log.warning(
            "job.lock_lost", ["job": .text(entry.job), "reason": "its connection to Postgres broke: another run may have begun meanwhile"])
    }

    private func tell(_ outcome: JobOutcome, _ name: String, _ counts: JobCounts, _ started: ContinuousClock.Instant) {
        let fields: [(key: String, value: Log.Value)] =
            [("job", .text(name)), ("seconds", .number(started.secondsUntilNow))]
            + counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }
        log.log(outcome == .failed ? .error : .info, "job.\(outcome.rawValue)", fields: fields)
    }

    /// As `job_runs.counts` has them.
    public static func json(_ counts: JobCounts) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(counts), as: UTF8.self)
    }
}

/// A job that did some of its work, and must be looked at all the same.
public struct JobFailure: Error, CustomStringConvertible {
    /// What it counted until then.
    public let counts: JobCounts
    public let description: String
    /// Whether the lake was in the way, not one object of it.
    let isOfLake: Bool

    /// - Parameters:
    ///   - counts: what it counted until then.
    ///   - cause: the error behind it. What the lake's store is to blame for is recorded as `lake_failed`, which raises the lake's alert;
    ///     without a cause it never is.
    public init(_ description: String, counts: JobCounts = [:], cause: (any Error)? = nil) {
        self.description = description
        self.counts = counts
        isOfLake = (cause as? LakeError)?.isOfStore ?? false
    }
}
