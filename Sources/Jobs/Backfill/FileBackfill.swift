import Exchanges
public import FoundationEssentials
import Lake
import Market
import Runtime
public import Warehouse

/// Loads a file of candles by way of the lake: cut into pieces, byte for byte, which are read and checked as a venue's answers are.
///
/// A piece counts as received when the file was last changed, so that loading the same file again changes nothing, and what the venue
/// has said since is not replaced. What retention has removed since the first time is there again.
public struct FileBackfill: BatchJob {
    /// A file as it was read.
    public struct File: Sendable {
        public var path: String
        public var bytes: [UInt8]
        public var modifiedAt: Date

        /// Without its folder.
        var name: String { path.split(separator: "/").last.map(String.init) ?? path }

        public init(path: String, bytes: [UInt8], modifiedAt: Date) {
            self.path = path
            self.bytes = bytes
            self.modifiedAt = modifiedAt
        }
    }

    public var name: String { "backfill \(series.exchange):\(series.pair) \(series.interval)" }

    private let settings: IngestSettings
    private let series: KlineSeries
    private let file: File
    private let form: CandleFileForm

    /// Rows of a piece: an object of the lake of less than a megabyte.
    private static let pieceRows = 5000

    /// Throws a `CandleFileError` if no candles can be read from it.
    public init(_ settings: IngestSettings, _ series: KlineSeries, _ file: File) throws {
        self.settings = settings
        self.series = series
        self.file = file
        do { form = try CandleFileForm(of: file.bytes) } catch { throw CandleFileError("\(file.path): \(error)") }
    }

    /// Throws a `CandleSpacingError`, with nothing done, if its rows are no candles of that interval; and a `CandleFileError` if a part of
    /// it cannot be read, or most of its rows had to be set aside: the others are loaded then.
    public func run(_ context: JobContext) throws -> JobCounts {
        let pieces = form.pieces(file.bytes, rows: Self.pieceRows)
        let survey = try survey(pieces, now: context.now())
        let receivedAt = receivedAt(survey, now: context.now())
        let bronze = try Bronze(settings.lake, context.connection, log: context.log, stop: context.stop, renews: true)
        let log = IngestionLog(context.connection)
        var before: JobCounts = [:]
        func flush() throws {
            before.merge(try log.sums(of: bronze.pendingKeys)) { $0 + $1 }
            try bronze.flush()
        }
        for piece in pieces where !context.stop.isRequested {
            try bronze.add(object(piece, receivedAt))
            if bronze.isFull { try flush() }
        }
        try flush()
        try settings.load(bronze.keys, context)
        var counts = try log.sums(of: bronze.keys)
        // These add up from one loading of the object to the next.
        for name in ["rows_inserted", "rows_updated", "rows_duplicate"] { counts[name, default: 0] -= before[name] ?? 0 }
        counts["objects"] = bronze.objects
        counts["pending"] = try RawObjectRepository(context.connection).unprocessed(bronze.keys)
        counts.merge(try missing(survey, GapRepository(context.connection))) { $1 }
        if let fault = survey.fault { throw CandleFileError("a part of \(file.path) cannot be read: \(fault.reason)") }
        let (read, rejected) = (counts["rows_read"] ?? 0, counts["rows_rejected"] ?? 0)
        guard rejected * 2 <= read else {
            throw CandleFileError("\(file.path): \(rejected) of \(read) rows were set aside; crypto_gaf.rejected_rows says why")
        }
        return counts
    }

    private func object(_ piece: [UInt8], _ receivedAt: Date) -> RawObject {
        RawObject(
            exchange: series.exchange, symbol: series.pair.description, channel: Channel.klines.rawValue, interval: series.interval.code,
            url: "file:\(file.name)", requestedAt: receivedAt, receivedAt: receivedAt, status: 200, source: form.description, body: piece)
    }

    private func survey(_ pieces: [[UInt8]], now: Date) throws -> CandleFileSurvey {
        var survey = CandleFileSurvey(form, series.interval, now: now.milliseconds)
        for piece in pieces { survey.add(piece) }
        do { try survey.requireSpacing() } catch { throw CandleSpacingError("\(file.path): \(error)") }
        return survey
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
