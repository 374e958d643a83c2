import FoundationEssentials
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
    private let connect: @Sendable () throws(PostgresError) -> Connection

    public init(log: Log, stop: Stop, connect: @escaping @Sendable () throws(PostgresError) -> Connection) {
        self.log = log
        self.stop = stop
        self.connect = connect
    }

    /// Throws what ended the job, after it has been recorded.
    public func run(_ job: some BatchJob) throws -> Ending {
        let connection = try connect()
        try Schema.verify(connection)
        guard try AdvisoryLock(.job, job.name).tryAcquire(on: connection) else {
            log.info("job.overlapped", ["job": .text(job.name), "reason": "another run of it is under way"])
            return .overlapped
        }
        let jobs = JobRepository(connection)
        let died = try jobs.markDied(job.name)
        if died > 0 { log.warning("job.died", ["job": .text(job.name), "runs": .integer(died)]) }
        guard try jobs.isEnabled(job.name) else {
            log.info("job.disabled", ["job": .text(job.name), "reason": "it is switched off in crypto_gaf.jobs"])
            return .disabled
        }
        return try run(job, as: try jobs.begin(job.name), connection)
    }

    private func run(_ job: some BatchJob, as run: Int64, _ connection: Connection) throws -> Ending {
        let started = ContinuousClock.now
        do {
            let counts = try job.run(JobContext(connection: connection, connect: connect, log: log, stop: stop))
            let outcome: JobOutcome = stop.isRequested ? .stopped : .succeeded
            try JobRepository(connection).finish(run, outcome, counts: Self.json(counts), error: nil)
            tell(outcome, job.name, counts, started)
            return outcome == .stopped ? .stopped(counts) : .succeeded(counts)
        } catch {
            let counts = (error as? JobFailure)?.counts ?? [:]
            record("\(error)", counts, of: run, connection)
            tell(.failed, job.name, counts, started)
            throw error
        }
    }

    /// The connection may be what failed, so a new one is tried; beyond that the log must do, and the next run says "died".
    private func record(_ error: String, _ counts: JobCounts, of run: Int64, _ connection: Connection) {
        do {
            let usable = connection.isBroken || connection.isInTransaction ? try connect() : connection
            let text = String(error.filter { $0 != "\0" }.prefix(2000))
            try JobRepository(usable).finish(run, .failed, counts: Self.json(counts), error: text)
        } catch {
            log.warning("job.failure_not_recorded", ["error": .text("\(error)")])
        }
    }

    private func tell(_ outcome: JobOutcome, _ name: String, _ counts: JobCounts, _ started: ContinuousClock.Instant) {
        let fields: [(key: String, value: Log.Value)] =
            [("job", .text(name)), ("seconds", .number(started.secondsUntilNow))]
            + counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }
        log.log(outcome == .failed ? .error : .info, "job.\(outcome.rawValue)", fields: fields)
    }

    private static func json(_ counts: JobCounts) throws -> String {
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

    public init(_ description: String, counts: JobCounts = [:]) {
        self.description = description
        self.counts = counts
    }
}
