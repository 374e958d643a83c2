import Exchanges
import FoundationEssentials
import Jobs
import Market
import Postgres
import Runtime
import Synchronization
import Warehouse

/// History: from a venue, or from a file.
struct BackfillCommand: Command {
    static let name = "backfill"
    static let summary = "history of candles: from a venue by range, or from a local file"
    static let operands = "VENUE:SYMBOL"
    static let options: [Option] = [
        .value("--interval", "CODE", "of the candles, such as 1m or 1h"),
        .value("--from", "TIME", "the first opening, such as 2025-01-31 or 2025-01-31T12:00Z"),
        .value("--to", "TIME", "before this opening (default now)"),
        .value("--file", "PATH", "load this file instead of asking the venue"),
        .value("--venue", "NAME", "with --file, in place of VENUE:SYMBOL"),
        .value("--symbol", "BASE-QUOTE", "with --venue"),
        .flag("--json", "what was done as JSON"),
    ]
    static let requires: Set<Configuration.Section> = [.postgres, .session, .lake]
    static let details = """
        Candles come in by way of the lake and are checked as all others. What is there already is not asked for: a backfill that was
        ended goes on when it is begun again. A signal ends it after the piece in hand, with 0: then a warning, backfill.stopped, says how far
        it came. Of a tracked market every candle of that interval from --from on is accounted for afterwards: a warning,
        backfill.more_to_fill, says how many beyond --to fill-gaps will look for then. What is lost for good, as the venue keeps only its
        newest, is told with the reason; where that is most of the range, it ends with 65.

        A file is CSV with a header, Binance's 12 columns or timestamp,open,high,low,close,volume without one, or a JSON array of such
        rows. Times are seconds, milliseconds or microseconds since 1970, or ISO 8601, in UTC where no zone is named. Its candles
        count as received when it was last changed: they do not replace what the venue has said since. The same file may be loaded again at
        any time. A file whose rows are no candles of --interval is refused whole, with 64; one that has no rows, or of which most had to be
        set aside, ends with 65, and with 66 one that is not there or may not be read.
        rejected_rows.position counts rows, and of CSV all lines, from 0 in its object, whose envelope names the one that it begins with,
        the header aside: file:NAME#5001.

          cryptogaf backfill binance:BTC-USDT --interval 1h --from 2020-06-01 --to 2020-07-01
          cryptogaf backfill binance:LTC-USDT --interval 1m --file LTCUSDT-1m-2026-02.csv
        """

    private enum Progress {
        case venue(VenueBackfill.Progress)
        case file(FileBackfill.Progress)
    }

    private let job: @Sendable (@escaping @Sendable (Progress) -> Void) throws -> any BatchJob
    private let series: KlineSeries
    private let asJSON: Bool
    private let database: ConnectionOptions

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        let market = try Self.market(arguments)
        guard let code = arguments.string("--interval"), let interval = KlineInterval(rawValue: code) else {
            throw UsageError("backfill needs --interval, one of \(KlineInterval.allCases.map(\.code).joined(separator: ", "))")
        }
        asJSON = arguments.flag("--json")
        database = configuration.postgres(as: Self.name)
        let settings = IngestSettings(
            venues: configuration.venues, lake: try configuration.lake(), timeout: configuration.httpTimeout, patience: .seconds(3600),
            factDays: configuration.retention.factDays)
        let series = KlineSeries(market.venue.name, market.pair, interval)
        self.series = series
        if let path = arguments.string("--file") {
            guard arguments.string("--from") == nil, arguments.string("--to") == nil else {
                throw UsageError("--file is loaded whole: --from and --to do not go with it")
            }
            job = { progress in try FileBackfill(settings, series, path: path) { progress(.file($0)) } }
        } else {
            let range = try Self.range(arguments)
            try market.require([interval])
            job = { progress in VenueBackfill(settings, series, range) { progress(.venue($0)) } }
        }
    }

    func run(_ program: Program) throws {
        let reached = Mutex<VenueBackfill.Progress?>(nil)
        let job = try job { progress in
            switch progress {
            case .venue(let progress):
                reached.withLock { $0 = progress }
                show(progress, program)
            case .file(let progress): show(progress, on: program.progress)
            }
        }
        let ending = try JobCommand.run(job, program, database)
        program.progress.end()
        switch ending {
        case .succeeded(let counts):
            try tell(counts)
            let (lost, expected) = (counts["lost_for_good"] ?? 0, counts["expected"] ?? 0)
            guard lost * 2 <= expected else {
                throw DataFault("\(lost) of \(expected) candles are lost for good; the log says why, and crypto_gaf.missing_klines")
            }
        case .stopped(let counts):
            try tell(counts)
            let place = job is FileBackfill ? Self.place(counts) : Self.place(reached.withLock { $0 })
            if let place { program.log.warning("\(Self.name).stopped", ["series": .text("\(series)"), "note": .stopped(place)]) }
        // Of a cron job that is as it should be; whoever asks for a history has got none.
        case .overlapped: throw JobFailure("nothing was done: another \(job.name) is under way")
        case .disabled: throw JobFailure("nothing was done: \(job.name) is switched off in crypto_gaf.jobs")
        }
    }

    private static func market(_ arguments: Arguments) throws -> VenueMarket {
        guard arguments.operands.count <= 1 else { throw UsageError("backfill takes one VENUE:SYMBOL (got \(arguments.operands.count))") }
        switch (arguments.operands.first, arguments.string("--venue"), arguments.string("--symbol")) {
        case (let market?, nil, nil): return try VenueMarket(market)
        case (nil, let venue?, let symbol?): return try VenueMarket("\(venue):\(symbol)")
        default: throw UsageError("backfill needs VENUE:SYMBOL, or --venue and --symbol")
        }
    }

    private static func range(_ arguments: Arguments) throws -> Range<Int64> {
        guard let from = try arguments.time("--from") else { throw UsageError("backfill needs --from, or --file") }
        let (now, to) = (Date(), try arguments.time("--to"))
        guard from < to ?? now else { throw UsageError("--from must be before \(to == nil ? "now, which is \(now.utcText)" : "--to")") }
        return from.milliseconds..<(to ?? now).milliseconds
    }
}

// MARK: - Output

extension BackfillCommand {
    /// Where no person looks, an event.
    private func show(_ progress: VenueBackfill.Progress, _ program: Program) {
        let (percent, found) = (Int(100 * progress.done / max(progress.total, 1)), progress.counts["found"] ?? 0)
        program.progress.show("\(progress.done) of \(progress.total) candles, \(percent) %, \(found) new")
        guard !program.progress.isShown else { return }
        program.log.info(
            "backfill.progress",
            [
                "series": .text("\(series)"), "percent": .integer(percent),
                "candles": .integer(Int(progress.done)), "of": .integer(Int(progress.total)), "found": .integer(found),
            ])
    }

    private func show(_ progress: FileBackfill.Progress, on line: ProgressLine) {
        line.show("\(progress.isLoading ? "loading" : "looking through the file"): \(progress.percent) %")
        if progress.percent == 100 { line.end() }
    }

    private func tell(_ counts: JobCounts) throws {
        print(asJSON ? try BatchRun.json(counts) : TextTable.aligned(counts.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] }))
    }

    /// How far a file had come when the stop came; nil: it was through.
    private static func place(_ counts: JobCounts) -> String? {
        let (rows, pending) = (counts[FileBackfill.rowsBeforeStop], counts["pending"] ?? 0)
        if rows == 0 { return "before anything was loaded" }
        if rows == nil, pending == 0 { return nil }
        let unloaded = pending > 0 ? ", \(pending) objects of which are in the lake and wait for transform" : ""
        return (rows.map { "after \($0) rows of the file" } ?? "after all rows of the file") + unloaded
    }

    /// How far the venue had come when the stop came; nil: it was through.
    private static func place(_ reached: VenueBackfill.Progress?) -> String? {
        guard let reached else { return "before the first of its candles were all there" }
        return reached.done < reached.total ? "after \(reached.done) of \(reached.total) candles" : nil
    }
}

extension CandleFileError: ExitCoded {
    var exitCode: ExitCode { isUnopened ? .noInput : .data }
}

/// The file is sound; --interval is not its.
extension CandleSpacingError: ExitCoded {
    var exitCode: ExitCode { .usage }
}
