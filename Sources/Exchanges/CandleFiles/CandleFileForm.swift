public import Market

/// How a file of candles is laid out: lines of CSV or a JSON array of arrays, and what stands in which column. Its description is kept
/// with every piece of a file, and is all that is needed to read it.
public struct CandleFileForm: Equatable, Sendable, CustomStringConvertible {
    enum Container: String, Sendable {
        case csv, json
    }

    let container: Container
    /// Names in lower case.
    let columns: [String]
    /// Bytes before the first row: a byte order mark, and the header line with its end.
    let headerLength: Int

    /// A file of Binance's public dumps: https://github.com/binance/binance-public-data#klines
    private static let binance = [
        "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
        "taker_buy_quote_volume", "ignore",
    ]
    private static let plain = ["timestamp", "open", "high", "low", "close", "volume"]

    private init(_ container: Container, _ columns: [String], headerLength: Int = 0) {
        self.container = container
        self.columns = columns
        self.headerLength = headerLength
    }

    /// Of a file, by its beginning. Throws what is missing to make candles of it.
    public init(of file: [UInt8]) throws(CandleFileError) {
        let mark = file.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
        guard let first = file.dropFirst(mark).first(where: { $0 > 0x20 }) else { throw CandleFileError("the file is empty") }
        guard !Self.packed.contains(where: { file.starts(with: $0) }) else {
            throw CandleFileError("it is compressed: unpack it first")
        }
        if first == UInt8(ascii: "[") {
            let rows = file.prefix(10_000).drop { $0 != UInt8(ascii: "[") }.dropFirst()
            guard rows.first(where: { $0 > 0x20 }) != UInt8(ascii: "]") else { throw .withoutRows }
            let row = rows.drop { $0 != UInt8(ascii: "[") }
            let end = row.firstIndex(of: UInt8(ascii: "]")) ?? row.endIndex
            self.init(
                .json, try Self.columns(count: row[..<end].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).count))
            return
        }
        let line = file.prefix(100_000).dropFirst(mark).prefix { $0 != UInt8(ascii: "\n") }
        let fields = CandleFields.csv(line)
        if let name = fields.first, Double(name) != nil {
            self.init(.csv, try Self.columns(count: fields.count), headerLength: mark)
        } else {
            self.init(.csv, fields.map(Self.plainName), headerLength: min(mark + line.count + 1, file.count))
        }
        try requireColumns()
    }

    /// Of UTF-8, as spreadsheets write it.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// How gzip and zip begin.
    private static let packed: [[UInt8]] = [[0x1F, 0x8B], Array("PK\u{3}\u{4}".utf8)]

    /// `Open time` and `open-time` are `open_time`.
    private static func plainName(_ name: String) -> String {
        String(name.lowercased().map { $0 == " " || $0 == "-" ? "_" : $0 })
    }

    /// What `description` gave; nil for anything else.
    public init?(description: String) {
        let words = description.split(separator: " ", maxSplits: 1)
        guard words.count == 2, let container = Container(rawValue: String(words[0])) else { return nil }
        self.init(container, words[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        do { try requireColumns() } catch { return nil }
    }

    public var description: String { "\(container.rawValue) \(columns.joined(separator: ","))" }

    private static func columns(count: Int) throws(CandleFileError) -> [String] {
        switch count {
        case plain.count: return plain
        case binance.count: return binance
        default: throw CandleFileError("it has no header, and \(count) column\(count == 1 ? "" : "s"): 6 or 12 would be known")
        }
    }

    private func requireColumns() throws(CandleFileError) {
        let missing = ["open", "high", "low", "close", "volume"].filter { !columns.contains($0) }
        guard missing.isEmpty else { throw CandleFileError("it has no column \(missing.joined(separator: ", "))") }
        guard columns.contains(where: { CandleFields.openNames.contains($0) || CandleFields.closeNames.contains($0) }) else {
            throw CandleFileError("it has no column that tells a time, such as \(CandleFields.openNames.joined(separator: ", "))")
        }
        guard columns.allSatisfy({ $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }) else {
            throw CandleFileError("the names of its columns are not plain words")
        }
    }
}

/// A file that holds no candles that we can read.
public struct CandleFileError: Error, Equatable, CustomStringConvertible {
    public let description: String
    /// It is not there, or may not be read.
    public let isUnopened: Bool

    public init(_ description: String, isUnopened: Bool = false) {
        self.description = description
        self.isUnopened = isUnopened
    }

    public static let withoutRows = Self("it has no rows: there are no candles in it")
}

// MARK: - Reading

extension CandleFileForm {
    /// The rows of a piece. One that cannot be read is set aside.
    public func candles(_ piece: [UInt8], interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        candles(try rows(piece), CandleFields(columns, interval))
    }

    func candles(_ read: ParsedRows<[String]>, _ fields: CandleFields) -> ParsedRows<Candle> {
        var parsed = ParsedRows<Candle>()
        parsed.rejected = read.rejected
        for (position, row) in read.rows {
            do throws(CandleFileError) {
                parsed.rows.append((position, try fields.candle(row)))
            } catch {
                parsed.rejected.append(
                    RejectedRow(position: position, reason: error.description, text: String(row.joined(separator: ",").prefix(500))))
            }
        }
        parsed.rejected.sort { $0.position < $1.position }
        return parsed.oldestFirst
    }

    func rows(_ piece: [UInt8]) throws(AnswerError) -> ParsedRows<[String]> {
        switch container {
        case .csv:
            let lines = piece.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            var parsed = ParsedRows<[String]>()
            // A blank line is no row, but has its place: a person counts lines.
            for (position, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
                parsed.rows.append((position, CandleFields.csv(line)))
            }
            return parsed
        case .json:
            return try answer(piece) { reader throws(JSONError) in
                try reader.rows(.array) { reader throws(JSONError) in
                    var row: [String] = []
                    // Whatever stands in a field: a candle of it is bad, the layout is not.
                    try reader.array { reader throws(JSONError) in row.append(try reader.text()) }
                    return row
                }
            }
        }
    }
}
