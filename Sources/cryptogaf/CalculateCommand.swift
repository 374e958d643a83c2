import Jobs
import Postgres
import Runtime
import Warehouse

/// Images from samples.
struct CalculateCommand: Command {
    static let name = "calculate"
    static let summary = "draws the images of every product that has new samples"
    static let options: [Option] = [
        .flag("--once", "draw whatever has changed, without regard to the redraw intervals, and end"),
        .value("--for", "TIME", "end after this time; without it, and without --once, on SIGTERM"),
        .value("--sleep", "TIME", "between two looks for new samples (default 0.5)"),
        .value("--jobs", "N", "products drawn side by side, each with a connection to Postgres (default 1)"),
        .rehearsal,
    ]
    static let requires: Set<Configuration.Section> = [.postgres]
    static let details = """
        Any number may run at once: each product is drawn by one of them, under a lock, and never twice from the same samples. So a cron job
        that starts every minute and runs for longer leaves no hole. A product that fails is logged and left; --once then ends with 75.
        While the row calculate of crypto_gaf.jobs says enabled = false nothing is drawn: a run ends at once, with 0, and one without an
        end waits.

          cryptogaf calculate --once
          cryptogaf calculate --for 75s --sleep 0.5 --jobs 2
        """

    private let job: CalculateJob.Options
    private let isRehearsal: Bool
    private let database: ConnectionOptions

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        guard arguments.operands.isEmpty else { throw UsageError("calculate takes no operand (got \"\(arguments.operands[0])\")") }
        let duration = try arguments.duration("--for", in: .milliseconds(1) ... .seconds(86_400))
        let sleep = try arguments.duration("--sleep", in: .milliseconds(10) ... .seconds(3600))
        if arguments.flag("--once"), duration != nil || sleep != nil { throw UsageError("--once goes with neither --for nor --sleep") }
        let schedule: CalculateJob.Schedule =
            arguments.flag("--once") ? .once : .repeating(every: sleep ?? .milliseconds(500), for: duration)
        job = CalculateJob.Options(schedule, threads: try arguments.int("--jobs", default: 1, in: 1...64))
        isRehearsal = arguments.flag("--dry-run")
        database = configuration.postgres(as: Self.name)
    }

    func run(_ program: Program) throws {
        guard !isRehearsal else { return program.log.info("calculate.rehearsed") }
        ProcessMemory.keepFreed(pools: job.threads)
        let tally = try CalculateJob(job, log: program.log, stop: program.stop) { [database] () throws(PostgresError) in
            try Connection(database)
        }.run()
        if job.schedule == .once, !tally.failed.isEmpty { throw UndrawnProducts(products: tally.failed.sorted()) }
    }
}

/// Products that could not be drawn; the log says why.
struct UndrawnProducts: ExitCoded, CustomStringConvertible {
    let products: [String]

    var description: String { "could not be drawn: \(products.joined(separator: ", "))" }
    var exitCode: ExitCode { .temporaryFailure }
}
