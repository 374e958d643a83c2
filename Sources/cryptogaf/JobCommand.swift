import Jobs
import Postgres
import Runtime

/// A job that `cryptogaf job NAME` can run.
struct JobEntry: Sendable {
    let name: String
    /// One line for `job --list`.
    let summary: String
    /// The words after the name are the job's own.
    var options: [Option] = []
    /// Beside Postgres.
    var requires: Set<Configuration.Section> = []
    /// Checks everything that can be checked before the work starts.
    let make: @Sendable (Arguments, Configuration) throws -> any BatchJob

    /// Whether the job has a `--dry-run` of its own, which reads and tells what there is to do.
    var rehearsesItself: Bool { options.contains { $0.name == "--dry-run" } }
}

/// One batch of a job, as a CronJob, `kubectl create job --from=cronjob/…`, cron and a person all call it.
struct JobCommand: Command {
    /// The only list of jobs; each entry stands in a file under `Entries/`, its schedule in the file of `cronjobs/` that bears its name.
    static let entries: [JobEntry] = [.ingestKlines, .ingestDepth, .ingestTickers, .transform, .fillGaps, .aggregate, .maintain]

    static let name = "job"
    static let summary = "one run of a cron job: job NAME; job --list tells which there are"
    static let operands = "NAME"
    static let options: [Option] = [.flag("--list", "the jobs there are, and end")]
    static let details = """
        A run holds the job's lock: a second one says so and ends with 0. Each run is recorded in crypto_gaf.job_runs: start, end,
        outcome, counts, error. A job whose row in crypto_gaf.jobs says enabled = false ends at once, with 0. SIGTERM finishes what is
        in hand. The job's own options follow its name: cryptogaf job NAME --help.
        """

    /// Nil: `--list`.
    private let job: (any BatchJob)?
    private let isRehearsal: Bool
    private let database: ConnectionOptions

    /// The options of the job that is named, if one is.
    static func options(for words: [String]) -> [Option] { options + (entry(in: words).map(options(of:)) ?? []) }

    /// A job's own rehearsal looks further.
    private static func options(of entry: JobEntry) -> [Option] {
        entry.rehearsesItself ? entry.options : entry.options + [.rehearsal]
    }

    static func requires(for words: [String]) -> Set<Configuration.Section> {
        // A name that no job has is told of before what its environment lacks.
        guard !words.contains("--list"), let entry = entry(in: words) else { return [] }
        return entry.requires.union([.postgres, .session])
    }

    static func help(for words: [String]) -> String {
        guard let entry = entry(in: words) else {
            return help(operands: operands, summary: summary, options: options, details: details) + "\nJobs:\n\(list)"
        }
        return help(operands: entry.name, summary: entry.summary, options: options(of: entry))
    }

    private static func entry(in words: [String]) -> JobEntry? {
        words.first { !$0.hasPrefix("-") }.flatMap { name in entries.first { $0.name == name } }
    }

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        database = configuration.postgres(as: Self.name)
        if arguments.flag("--list") {
            (job, isRehearsal) = (nil, false)
            return
        }
        guard let name = arguments.operands.first else { throw UsageError("job needs the name of one: job --list tells them") }
        guard let entry = Self.entries.first(where: { $0.name == name }) else {
            throw UsageError("there is no job \"\(name)\"; job --list tells them")
        }
        guard arguments.operands.count == 1 else { throw UsageError("job \(name) takes no operand (got \"\(arguments.operands[1])\")") }
        job = try entry.make(arguments, configuration)
        isRehearsal = arguments.flag("--dry-run") && !entry.rehearsesItself
    }

    func run(_ program: Program) throws {
        guard let job else { return print(Self.list, terminator: "") }
        guard !isRehearsal else { return program.log.info("job.rehearsed", ["job": .text(job.name)]) }
        _ = try Self.run(job, program, database)
    }

    /// A statement over a whole table may take its time; the schedule's deadline bounds the run.
    static let statementTimeout = Duration.seconds(600)

    /// Behind every command that is a job too.
    static func run(_ job: any BatchJob, _ program: Program, _ database: ConnectionOptions) throws -> BatchRun.Ending {
        var database = database
        database.applicationName = "cryptogaf job \(job.name)"
        database.statementTimeout = statementTimeout
        if let threads = job.threads { ProcessMemory.keepFreed(pools: threads) }
        let batch = BatchRun(log: program.log, stop: program.stop, isJob: isJob) { [database] () throws(PostgresError) in
            try Connection(database)
        }
        return try batch.run(job)
    }

    /// Whether a row of `crypto_gaf.jobs` switches something.
    @Sendable static func isJob(_ name: String) -> Bool {
        name == CalculateJob.name || name.hasPrefix(VenueBackfill.namePrefix) || entries.contains { $0.name == name }
    }

    private static var list: String { HelpText.rows(entries.map { (name: $0.name, meaning: $0.summary) }) }
}

extension StandingError: ExitCoded {
    var exitCode: ExitCode { .data }
}

extension JobFailure: ExitCoded {
    var exitCode: ExitCode { .temporaryFailure }
}
