import Exchanges
public import FoundationEssentials
import Lake
import Market
import Runtime
public import Warehouse

/// Loads a file of candles by way of the lake: cut into pieces, byte for byte, which are read and checked as a venue's answers are.
///
/// A piece counts as received when the file was last changed, so that loading the same file again changes nothing, and what the venue
/// has said since is not replaced.
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
        let bronze = try Bronze(settings.lake, context.connection, log: context.log, stop: context.stop)
        for piece in form.pieces(file.bytes, rows: Self.pieceRows) {
            try bronze.add(
                RawObject(
                    exchange: series.exchange, symbol: series.pair.description, channel: "klines", interval: series.interval.code,
                    url: "file:\(file.name)", requestedAt: file.modifiedAt, receivedAt: file.modifiedAt, status: 200,
                    source: form.description, body: piece))
            if bronze.isFull { try bronze.flush() }
            if context.stop.isRequested { break }
        }
        try bronze.flush()
        try settings.load(bronze.keys, context)
        var counts = try IngestionTally(context.connection).sums(of: bronze.keys)
        counts["objects"] = bronze.objects
        counts.merge(try gaps(context)) { $1 }
        return counts
    }

    /// Between the first and the last candle of the file.
    private func gaps(_ context: JobContext) throws -> JobCounts {
        let openings = try form.pieces(file.bytes, rows: Self.pieceRows).flatMap {
            try form.candles($0, interval: series.interval).rows.map(\.row.openTime)
        }
        guard let first = openings.min(), let last = openings.max() else { return ["gaps": 0, "missing": 0] }
        let step = series.interval.milliseconds
        let window = series.interval.open(at: first)..<(series.interval.open(at: last) + step)
        let missing = try GapRepository(context.connection).missing([ExpectedCandles(series, window)])[0]
        return ["gaps": missing.ranges.count, "missing": Int(missing.length / step)]
    }
}
