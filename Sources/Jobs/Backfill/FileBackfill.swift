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
        /// Without its folder.
        public var name: String
        public var bytes: [UInt8]
        public var modifiedAt: Date

        public init(name: String, bytes: [UInt8], modifiedAt: Date) {
            self.name = name
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
        form = try CandleFileForm(of: file.bytes)
    }

    public func run(_ context: JobContext) throws -> JobCounts {
        let pieces = form.pieces(file.bytes, rows: Self.pieceRows)
        let (openings, fault) = read(pieces)
        let receivedAt = receivedAt(openings, now: context.now())
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
        counts.merge(try missing(openings, GapRepository(context.connection))) { $1 }
        if let fault { throw CandleFileError("a part of \(file.name) cannot be read: \(fault.reason)") }
        return counts
    }

    private func object(_ piece: [UInt8], _ receivedAt: Date) -> RawObject {
        RawObject(
            exchange: series.exchange, symbol: series.pair.description, channel: Channel.klines.rawValue, interval: series.interval.code,
            url: "file:\(file.name)", requestedAt: receivedAt, receivedAt: receivedAt, status: 200, source: form.description, body: piece)
    }

    /// When its candles open, and what is wrong with the first piece that cannot be read.
    private func read(_ pieces: [[UInt8]]) -> (openings: [Int64], fault: AnswerError?) {
        var (openings, fault): ([Int64], AnswerError?) = ([], nil)
        for piece in pieces {
            do throws(AnswerError) {
                openings += try form.candles(piece, interval: series.interval).rows.map(\.row.openTime)
            } catch {
                fault = fault ?? error
            }
        }
        return (openings, fault)
    }

    /// When the file was last changed; now if that is to come, or was before a candle opened that the file has: copying and unpacking
    /// leave all sorts of times.
    private func receivedAt(_ openings: [Int64], now: Date) -> Date {
        let newest = openings.lazy.map { Date(milliseconds: $0) }.filter { $0 <= now }.max()
        return file.modifiedAt > now || file.modifiedAt < newest ?? .distantPast ? now : file.modifiedAt
    }

    /// Between the first and the last candle of the file.
    private func missing(_ openings: [Int64], _ gaps: GapRepository) throws -> JobCounts {
        guard let first = openings.min(), let last = openings.max() else { return ["gaps": 0, "missing": 0] }
        let step = series.interval.milliseconds
        let window = series.interval.open(at: first)..<(series.interval.open(at: last) + step)
        let missing = try gaps.missing([ExpectedCandles(series, window)])[0]
        return ["gaps": missing.ranges.count, "missing": Int(missing.length / step)]
    }
}
