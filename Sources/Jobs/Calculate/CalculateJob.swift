public import Postgres
public import Runtime

/// Draws the Gramian angular field images of every product that has new samples.
///
/// Any number of these may run at once, here and on other machines: a product is drawn under its lock by one of them, and never twice
/// from the same samples.
public struct CalculateJob: Sendable {
    /// In `crypto_gaf.jobs`.
    public static let name = "calculate"

    public enum Schedule: Sendable, Equatable {
        /// Whatever has changed, without regard to the redraw intervals; then it ends.
        case once
        /// Looks for work every so often, for so long (nil: until the stop); redraw intervals hold. What is begun in time is finished.
        case repeating(every: Duration, for: Duration?)

        var isEndless: Bool { if case .repeating(_, for: nil) = self { true } else { false } }
    }

    public struct Options: Sendable {
        public var schedule: Schedule
        /// Products drawn side by side, each on a connection of its own.
        public var threads: Int
        /// With `.once`: how long to wait for a Postgres that is away, or for a product that somebody else is drawing.
        public var patience: Duration

        public init(_ schedule: Schedule, threads: Int = 1, patience: Duration = .seconds(30)) {
            self.schedule = schedule
            self.threads = threads
            self.patience = patience
        }
    }

    /// What came of a run.
    public struct Tally: Sendable, Equatable {
        /// Products drawn, each time counted.
        public internal(set) var drawn = 0
        /// Products that failed at least once.
        public internal(set) var failed: Set<String> = []

        static func += (a: inout Tally, b: Tally) {
            a.drawn += b.drawn
            a.failed.formUnion(b.failed)
        }
    }

    let options: Options
    let log: Log
    let stop: Stop
    let connect: @Sendable () throws(PostgresError) -> Connection

    /// - Parameter connect: called on each thread, and again after a connection was lost.
    public init(_ options: Options, log: Log, stop: Stop, connect: @escaping @Sendable () throws(PostgresError) -> Connection) {
        self.options = options
        self.log = log
        self.stop = stop
        self.connect = connect
    }

    /// Returns when the schedule or the stop says so, what is in hand finished; at once if somebody switched the job off, or does so
    /// meanwhile. Without an end of its own it waits until it is switched on again.
    ///
    /// A product that fails is logged, noted in `feeds` and left; the rest goes on. Throws `SchemaError` for a schema that is not ours,
    /// and the `PostgresError` of a server that is away when the time is up, or with `.once` longer than the patience.
    public func run() throws -> Tally {
        let started = ContinuousClock.now
        let outcomes = Thread.concurrently(options.threads) { index in
            var worker = CalculateWorker(self, index: index, started: started)
            return try worker.run()
        }
        let tally = try outcomes.reduce(into: Tally()) { $0 += try $1.get() }
        log.info(
            "calculate.finished",
            ["drawn": .integer(tally.drawn), "failed": .integer(tally.failed.count), "seconds": .number(started.secondsUntilNow)])
        return tally
    }
}
