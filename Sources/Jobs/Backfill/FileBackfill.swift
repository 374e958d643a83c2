import Exchanges
import FoundationEssentials
import Lake
import Market
import Runtime
public import Warehouse

/// Loads a file of candles by way of the lake: cut into pieces, byte for byte, which are read and checked as a venue's answers are.
///
/// A piece counts as received when the file was last changed, so that loading the same file again changes nothing, and what the venue
/// has said since is not replaced. What retention has removed since the first time is there again.
public struct FileBackfill: BatchJob {
    /// How far it has come: it is looked through once, and then loaded.
    public struct Progress: Sendable {
        public var isLoading: Bool
        public var percent: Int
    }

    public var name: String { "\(VenueBackfill.namePrefix)\(series)" }

    private let settings: IngestSettings
    private let series: KlineSeries
    private let file: CandleFile
    private let progress: @Sendable (Progress) -> Void

    /// Of what `run` counts: the rows that it had put into the lake when the stop came; not there if that came after the last one.
    public static let rowsBeforeStop = "rows_before_stop"
    /// Rows of a piece: an object of the lake of less than a megabyte.
    private static let pieceRows = 5000

    /// Throws a `CandleFileError` if no candles can be read from it.
    public init(
        _ settings: IngestSettings, _ series: KlineSeries, path: String, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) throws {
        self.settings = settings
        self.series = series
        self.progress = progress
        file = try CandleFile(path: path, rowsOfPiece: Self.pieceRows)
    }

    /// Throws a `CandleSpacingError`, with nothing done, if its rows are no candles of that interval; and a `CandleFileError` if it has
    /// none, if a part of it cannot be read, or if most of its rows had to be set aside: the others are loaded then.
    public func run(_ context: JobContext) throws -> JobCounts {
        guard let survey = try survey(context) else { return [Self.rowsBeforeStop: 0] }
        if let openings = survey.openings { settings.warnOfDropping(openings.lowerBound, context) }
        let bronze = try Bronze(settings.lake, context.connection, log: context.log, stop: context.stop, renews: true)
        let log = IngestionLog(context.connection)
        let (before, end) = try load(receivedAt(survey, now: context.now()), bronze, log, context)
        var counts = try log.sums(of: bronze.keys)
        // These add up from one loading of the object to the next.
        for name in ["rows_inserted", "rows_updated", "rows_duplicate"] { counts[name, default: 0] -= before[name] ?? 0 }
        counts["objects"] = bronze.objects
        counts["pending"] = try RawObjectRepository(context.connection).unprocessed(bronze.keys)
        if let end {
            counts[Self.rowsBeforeStop] = end
            return counts
        }
        counts.merge(try missing(survey, GapRepository(context.connection))) { $1 }
        if let fault = survey.fault { throw CandleFileError("a part of \(file.path) cannot be read: \(fault.reason)") }
        let (read, rejected) = (counts["rows_read"] ?? 0, counts["rows_rejected"] ?? 0)
        guard rejected * 2 <= read else {
            throw CandleFileError("\(file.path): \(rejected) of \(read) rows were set aside; crypto_gaf.rejected_rows says why")
        }
        return counts
    }

    /// - Returns: what its pieces had counted before, and how many rows came before the stop; nil: all.
    private func load(
        _ receivedAt: Date, _ bronze: Bronze, _ log: IngestionLog, _ context: JobContext
    ) throws -> (before: JobCounts, end: Int?) {
        var before: JobCounts = [:]
        var (loaded, loads) = (0, true)
        func flush() throws {
            before.merge(try log.sums(of: bronze.pendingKeys)) { $0 + $1 }
            try bronze.flush()
            if loads { loads = try settings.load(Array(bronze.keys[loaded...]), context) }
            loaded = bronze.keys.count
        }
        let end = try pass(context, isLoading: true) { piece in
            try bronze.add(object(piece, receivedAt))
            if bronze.isFull { try flush() }
        }
        try flush()
        return (before, end)
    }

    private func object(_ piece: CandleFile.Piece, _ receivedAt: Date) -> RawObject {
        // So that a rejected row can be found in the file; a file of one piece has the plain name.
        let place = piece.firstRow == 1 ? "" : "#\(piece.firstRow)"
        return RawObject(
            exchange: series.exchange, symbol: series.pair.description, channel: Channel.klines.rawValue, interval: series.interval.code,
            url: "file:\(file.name)\(place)", requestedAt: receivedAt, receivedAt: receivedAt, status: 200,
            source: file.form.description, body: piece.bytes)
    }

    /// Nil: the stop came first.
    private func survey(_ context: JobContext) throws -> CandleFileSurvey? {
        var survey = CandleFileSurvey(file.form, series.interval, now: context.now().milliseconds)
        guard try pass(context, isLoading: false, { survey.add($0.bytes) }) == nil else { return nil }
        guard survey.hasRows else { throw CandleFileError("\(file.path): \(CandleFileError.withoutRows)") }
        do { try survey.requireSpacing() } catch { throw CandleSpacingError("\(file.path): \(error)") }
        return survey
    }

    /// Once through the file, or until the stop.
    ///
    /// - Returns: how many rows came before the stop; nil: all.
    private func pass(_ context: JobContext, isLoading: Bool, _ body: (CandleFile.Piece) throws -> Void) throws -> Int? {
        try file.rewind()
        var told = -1
        while let piece = try file.nextPiece() {
            if context.stop.isRequested { return piece.firstRow - 1 }
            try body(piece)
            let percent = file.offset * 100 / max(file.length, 1)
            if percent > told { progress(Progress(isLoading: isLoading, percent: percent)) }
            told = percent
        }
        return nil
    }

    /// When the file was last changed; now if that is to come, or was before a candle opened that the file has: copying and unpacking
    /// leave all sorts of times.
    private func receivedAt(_ survey: CandleFileSurvey, now: Date) -> Date {
        let newest = survey.newestOpening.map { Date(milliseconds: $0) }
        return file.modifiedAt > now || file.modifiedAt < newest ?? .distantPast ? now : file.modifiedAt
    }

    /// Between the first and the last candle of the file.
    private func missing(_ survey: CandleFileSurvey, _ gaps: GapRepository) throws -> JobCounts {
        guard let openings = survey.openings else { return ["gaps": 0, "missing": 0] }
        let step = series.interval.milliseconds
        let window = series.interval.open(at: openings.lowerBound)..<(series.interval.open(at: openings.upperBound) + step)
        let missing = try gaps.missing([ExpectedCandles(series, window)])[0]
        return ["gaps": missing.ranges.count, "missing": Int(missing.length / step)]
    }
}
