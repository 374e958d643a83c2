public import FoundationEssentials
public import Postgres
public import Runtime

/// What `cryptogaf job NAME` runs: one batch, then it ends. Nobody else runs a job of the same name meanwhile.
public protocol BatchJob {
    /// As in `cronjobs/` and `job_runs`.
    var name: String { get }

    /// How many threads take and free large pieces of memory over and over, so that keeping what was freed is worth it; nil: it is not.
    var threads: Int? { get }

    /// Says what there is to do, and does nothing: a run that is not recorded, since nobody who waits for the work is served by it.
    var isDryRun: Bool { get }

    /// Returns what it counted; when the stop is requested, what is in hand is finished first. Throws what ended it.
    func run(_ context: JobContext) throws -> JobCounts
}

extension BatchJob {
    public var threads: Int? { nil }
    public var isDryRun: Bool { false }
}

/// What a job counted, for the log and `job_runs.counts`: names in snake_case.
public typealias JobCounts = [String: Int]

/// What a job gets from whoever runs it.
public struct JobContext {
    /// The connection that holds the job's lock: writes that must not be done twice go through it.
    public let connection: Connection
    /// Further ones, for work side by side.
    public let connect: @Sendable () throws(PostgresError) -> Connection
    public let log: Log
    public let stop: Stop
    /// Whether some job bears that name. Under others `job_runs` has work of the chart's scripts, which hold no job's lock.
    public let isJob: @Sendable (String) -> Bool
    /// The wall clock; tests bring their own.
    public let now: @Sendable () -> Date

    public init(
        connection: Connection, connect: @escaping @Sendable () throws(PostgresError) -> Connection, log: Log, stop: Stop,
        isJob: @escaping @Sendable (String) -> Bool = { _ in true }, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.connection = connection
        self.connect = connect
        self.log = log
        self.stop = stop
        self.isJob = isJob
        self.now = now
    }
}
