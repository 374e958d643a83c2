import Exchanges
import FoundationEssentials
import Jobs
import Lake
import Market
import Postgres
import Runtime
import Warehouse

/// Gold from bronze again.
struct ReplayCommand: Command {
    static let name = "replay"
    static let summary = "loads the lake's objects into the tables of facts again, whether or not they were loaded before"
    static let options: [Option] = [
        .value("--from", "DAY", "the first day (UTC) on which the answers came, such as 2026-01-31"),
        .value("--to", "DAY", "the last one (default: today)"),
        .value("--exchange", "NAME", "of one venue only"),
        .value("--symbol", "SYMBOL", "of one market only, such as BTC-USD; of answers about all markets its part"),
        .workers,
    ]
    static let requires: Set<Configuration.Section> = [.postgres, .session, .lake]
    static let details = """
        --from and --to are days on which answers came, not those of their candles: what backfill loaded today came today, and a piece of
        a file when that was last changed. Reads LAKE_URL and its archive, and asks the database for nothing: an empty one is filled. What
        is there from the same object and differs is put right, newer versions stay, so a replay may be ended and begun again, and jobs
        may run beside it. Ends with 65 if an object is lost or damaged: all others are loaded then. Ends with 69 if there is no lake, as
        when its disk is not mounted. A signal ends it after the objects in hand, with 0: then a warning, replay.stopped, says how far it
        came.

          cryptogaf replay --from 2026-01-01 --to 2026-01-31 --exchange binance --symbol BTC-USDT
        """

    private let replay: Replay
    private let database: ConnectionOptions

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        guard arguments.operands.isEmpty else { throw UsageError("replay takes no operand (got \"\(arguments.operands[0])\")") }
        guard let from = try arguments.time("--from") else { throw UsageError("replay needs --from DAY, such as 2026-01-31") }
        let (now, last) = (Date(), try arguments.time("--to"))
        let to = last ?? now
        guard from <= to else { throw UsageError("--from must not be after \(last == nil ? "now, which is \(now.utcText)" : "--to")") }
        let symbol = try arguments.string("--symbol").map { text in
            do { return try Pair(text) } catch { throw UsageError("--symbol: \(error)") }
        }
        let exchange = try arguments.string("--exchange").map { try VenueMarket.venue($0).name }
        replay = Replay(
            Replay.Choice(from: from, to: to, exchange: exchange, symbol: symbol), live: try configuration.lake(),
            archive: try configuration.lakeArchive(), workers: try arguments.workers())
        var database = configuration.postgres(as: Self.name)
        // As a job: a statement over a whole table may take its time.
        database.statementTimeout = JobCommand.statementTimeout
        self.database = database
    }

    func run(_ program: Program) throws {
        ProcessMemory.keepFreed(pools: replay.threads)
        let connect: @Sendable () throws(PostgresError) -> Connection = { [database] () throws(PostgresError) in try Connection(database) }
        // One that cannot be reached at all is told at once, as by every command; one that goes away later is waited for.
        _ = try connect()
        let started = ContinuousClock.now
        var listed = 0
        let counts = try replay.run(log: program.log, stop: program.stop, connect: connect) { progress in
            let counts = progress.counts
            listed = progress.listed
            program.progress.show(
                "replay: \(counts["objects"] ?? 0) of \(progress.listed) objects, \(counts["rows_inserted"] ?? 0) rows inserted, "
                    + "\(counts["rows_updated"] ?? 0) updated, \(counts["rows_duplicate"] ?? 0) there already")
        }
        var fields: [(key: String, value: Log.Value)] = [("seconds", .number(started.secondsUntilNow))]
        fields += counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }
        let isStopped = program.stop.isRequested
        let isIdle = listed == 0 && !isStopped
        if isIdle { fields.append(("note", "nothing in the lake matches")) }
        if isStopped { fields.append(("note", .stopped("after \(counts["objects"] ?? 0) objects"))) }
        program.log.log(isIdle || isStopped ? .warning : .info, isStopped ? "replay.stopped" : "replay.finished", fields: fields)
        guard !isStopped else { return }
        let gone = (counts["lost"] ?? 0) + (counts["corrupt"] ?? 0)
        guard gone == 0 else { throw IncompleteReplay(gone: gone) }
    }
}

extension LakeError: ExitCoded {
    var exitCode: ExitCode { isOfStore ? .unavailable : .software }
}

/// Everything that is there was loaded, but not everything is there.
private struct IncompleteReplay: ExitCoded, CustomStringConvertible {
    let gone: Int

    var exitCode: ExitCode { .data }
    var description: String { "the lake has lost \(gone) of the objects, or has other bytes than were put there; the log names them" }
}
