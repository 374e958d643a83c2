import Market

/// Which column holds what, and a candle from the fields of a row.
struct CandleFields {
    static let openNames = ["open_time", "timestamp", "timestamp_ms", "time", "date", "datetime", "open_datetime"]
    static let closeNames = ["close_time", "close_datetime"]

    private let interval: KlineInterval
    private let columns: Int
    private let openTime: Int?
    private let closeTime: Int?
    /// Of open, high, low, close and volume, which every form has.
    private let prices: [Int]
    private let quoteVolume: Int?
    private let tradeCount: Int?
    private let takerBuyVolume: Int?
    private let takerBuyQuoteVolume: Int?

    init(_ names: [String], _ interval: KlineInterval) {
        func place(_ candidates: [String]) -> Int? { candidates.lazy.compactMap(names.firstIndex).first }
        self.interval = interval
        columns = names.count
        openTime = place(Self.openNames)
        closeTime = place(Self.closeNames)
        prices = ["open", "high", "low", "close", "volume"].compactMap { place([$0]) }
        quoteVolume = place(["quote_volume", "quote_asset_volume"])
        tradeCount = place(["count", "trades", "trade_count", "number_of_trades"])
        takerBuyVolume = place(["taker_buy_volume", "taker_buy_base_volume", "taker_buy_base_asset_volume"])
        takerBuyQuoteVolume = place(["taker_buy_quote_volume", "taker_buy_quote_asset_volume"])
    }

    /// Fields of a line, without the quotes and blanks around them.
    static func csv(_ line: ArraySlice<UInt8>) -> [String] {
        line.withUnsafeBufferPointer { line in
            var (fields, start) = ([String](), 0)
            fields.reserveCapacity(12)
            for end in 0...line.count where end == line.count || line[end] == UInt8(ascii: ",") {
                fields.append(String(decoding: trimmed(line[start..<end]), as: UTF8.self))
                start = end + 1
            }
            return fields
        }
    }

    private static func trimmed(_ field: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<UnsafeBufferPointer<UInt8>> {
        func isEdge(_ byte: UInt8) -> Bool { byte <= 0x20 || byte == UInt8(ascii: "\"") }
        var (low, high) = (field.startIndex, field.endIndex)
        while low < high, isEdge(field[low]) { low += 1 }
        while low < high, isEdge(field[high - 1]) { high -= 1 }
        return field[low..<high]
    }

    func candle(_ row: [String]) throws(CandleFileError) -> Candle {
        guard row.count == columns else { throw CandleFileError("it has \(row.count) columns where there should be \(columns)") }
        func number(_ place: Int, _ name: String) throws(CandleFileError) -> WireDecimal {
            guard let value = WireDecimal(row[place]) else {
                throw CandleFileError("the \(name) is no number of at most \(WireDecimal.digitsLimit) digits")
            }
            return value
        }
        func optional(_ place: Int?, _ name: String) throws(CandleFileError) -> WireDecimal? {
            guard let place, !row[place].isEmpty else { return nil }
            return try number(place, name)
        }
        var count: Int64?
        if let text = tradeCount.map({ row[$0] }), !text.isEmpty {
            // Some tools write whole numbers as 12.0.
            guard let value = WireDecimal(text)?.units(places: 0) else { throw CandleFileError("the trade count is no whole number") }
            count = value
        }
        return Candle(
            openTime: try opening(row), open: try number(prices[0], "open"), high: try number(prices[1], "high"),
            low: try number(prices[2], "low"), close: try number(prices[3], "close"), volume: try number(prices[4], "volume"),
            quoteVolume: try optional(quoteVolume, "quote volume"), tradeCount: count,
            takerBuyVolume: try optional(takerBuyVolume, "takers' volume"),
            takerBuyQuoteVolume: try optional(takerBuyQuoteVolume, "takers' quote volume"))
    }

    /// Of a whole row, as the file has it: of its opening, or of its closing where the file tells no openings.
    func time(_ row: [String]) -> Int64? {
        row.count == columns ? (openTime ?? closeTime).flatMap { FileTime.milliseconds(row[$0]) } : nil
    }

    private func opening(_ row: [String]) throws(CandleFileError) -> Int64 {
        let close = closeTime.flatMap { FileTime.milliseconds(row[$0]) }
        if let openTime {
            guard let time = FileTime.milliseconds(row[openTime]) else { throw CandleFileError("\"\(row[openTime])\" is no time") }
            guard let close, !isEnd(close, of: time) else { return time }
            throw CandleFileError("it closes \(close - time) ms after its opening, which is no candle of \(interval)")
        }
        guard let close else { throw CandleFileError("it tells no time") }
        let time = interval.open(at: close - 1)
        guard isEnd(close, of: time) else { throw CandleFileError("no candle of \(interval) closes at that time") }
        return time
    }

    /// A candle closes when the next one opens, or by the least before that its file can tell: a millisecond, at most a second.
    private func isEnd(_ close: Int64, of open: Int64) -> Bool { (0...1000).contains(open + interval.milliseconds - close) }
}

/// Times as files have them.
enum FileTime {
    /// Since 1970, UTC: a whole number of seconds, milliseconds, microseconds or nanoseconds, told apart by their size; or
    /// `2024-12-01 00:00:59.999000+01:00`, with a T or a blank, UTC where no zone is named. What is finer is cut off.
    static func milliseconds(_ text: String) -> Int64? {
        if let number = Int64(text) ?? WireDecimal(text)?.units(places: 0) {
            switch number {
            case 0..<100_000_000_000: return number * 1000
            case 0..<100_000_000_000_000: return number
            case 0..<100_000_000_000_000_000: return number / 1000
            case 0...: return number / 1_000_000
            default: return nil
            }
        }
        return iso(Array(text.utf8))
    }

    private static func iso(_ text: [UInt8]) -> Int64? {
        guard let time = text.withUnsafeBufferPointer({ ISOTime($0) }), let offset = zone(text[time.length...]) else { return nil }
        // A zone is that of a time of day.
        guard time.length > 10 || text.count == 10 else { return nil }
        return time.microseconds / 1000 - offset
    }

    /// `Z`, `+01:00`, `-0500`, or nothing.
    private static func zone(_ text: ArraySlice<UInt8>) -> Int64? {
        guard let sign = text.first, text != [UInt8(ascii: "Z")] else { return 0 }
        var digits = Array(text.dropFirst())
        if digits.count == 5, digits[2] == UInt8(ascii: ":") { digits.remove(at: 2) }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), digits.count == 4, digits.allSatisfy({ (0x30...0x39).contains($0) })
        else {
            return nil
        }
        let value = digits.map { Int64($0 - 0x30) }
        let (hours, minutes) = (value[0] * 10 + value[1], value[2] * 10 + value[3])
        guard hours < 24, minutes < 60 else { return nil }
        return (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60_000 : 60_000)
    }
}
