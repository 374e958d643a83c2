public import Market
import Postgres

/// Rows of one table and one venue on their way in, from any number of objects, already in the server's format.
public struct FactBatch: Sendable {
    public let table: FactTable
    public let exchange: String
    private(set) var rows: BinaryRows
    private(set) var entries: [Entry] = []
    private(set) var series: [FactSeries: Int32] = [:]
    private(set) var origins: [FactOrigin] = []
    /// What each origin's rows are about; of all symbols' tickers, the first.
    private(set) var subjects: [FactSeries] = []

    struct Entry {
        var series: Int32
        let origin: Int32
        /// Milliseconds since 1970 UTC.
        let time: Int64
        /// Among the rows of one origin and time.
        let place: Int32
        let row: BinaryRows.Span
    }

    public init(_ table: FactTable, exchange: String) {
        self.table = table
        self.exchange = exchange
        rows = BinaryRows(columns: table.columns.count)
    }

    public var rowCount: Int { entries.count }
    public var byteCount: Int { rows.byteCount + entries.count * MemoryLayout<Entry>.stride }

    /// Makes room for so many rows that are about as long as those that are there.
    public mutating func reserveCapacity(_ capacity: Int) {
        guard rowCount > 0, capacity > rowCount else { return }
        entries.reserveCapacity(capacity)
        rows.reserveCapacity((rows.byteCount + rows.byteCount / 8) / rowCount * capacity)
    }

    /// Closed candles of one answer, each opening once.
    public mutating func add(_ candles: [(position: Int, row: Candle)], symbol: String, interval: KlineInterval, origin: FactOrigin) {
        let (series, source) = begin(symbol, interval.code, origin)
        let start = BinaryRows.start(exchange, symbol, interval.code)
        for (_, candle) in candles {
            rows.beginRow(start)
            rows.append(milliseconds: candle.openTime)
            for value in [candle.open, candle.high, candle.low, candle.close, candle.volume] { append(value) }
            append(candle.quoteVolume)
            append(candle.tradeCount)
            append(candle.takerBuyVolume)
            append(candle.takerBuyQuoteVolume)
            rows.append(milliseconds: origin.receivedAt)
            rows.append(origin.hash)
            end(series, source, candle.openTime, 0)
        }
    }

    /// A book without a price that stands twice on a side.
    public mutating func add(_ depth: Depth, symbol: String, origin: FactOrigin) {
        let (series, source) = begin(symbol, "", origin)
        let start = BinaryRows.start(exchange, symbol)
        for (side, levels) in [("ask", depth.asks), ("bid", depth.bids)] {
            for (place, level) in levels.enumerated() {
                rows.beginRow(start)
                rows.append(milliseconds: origin.receivedAt)
                rows.append(text: side)
                append(level.price)
                append(level.size)
                append(level.orders)
                rows.append(Int32(place + 1))
                rows.append(origin.hash)
                end(series, source, origin.receivedAt, Int32(side == "ask" ? place : depth.asks.count + place))
            }
        }
    }

    /// Tickers of one answer, each pair once.
    public mutating func add(_ tickers: [Ticker], origin: FactOrigin) {
        for ticker in tickers {
            let symbol = ticker.pair.description
            let (series, source) = begin(symbol, "", origin)
            rows.beginRow(BinaryRows.start(exchange, symbol))
            rows.append(milliseconds: origin.receivedAt)
            if let time = ticker.time { rows.append(milliseconds: time) } else { rows.appendNull() }
            append(ticker.last)
            for value in [ticker.bid, ticker.ask, ticker.high, ticker.low, ticker.open, ticker.volume, ticker.quoteVolume] { append(value) }
            rows.append(origin.hash)
            end(series, source, origin.receivedAt, 0)
        }
    }
}

extension FactBatch {
    private mutating func begin(_ symbol: String, _ interval: String, _ origin: FactOrigin) -> (series: Int32, source: Int32) {
        let key = FactSeries(symbol: symbol, interval: interval)
        if origins.last != origin {
            origins.append(origin)
            subjects.append(key)
        }
        let number = series[key] ?? Int32(series.count)
        series[key] = number
        return (number, Int32(origins.count - 1))
    }

    private mutating func end(_ series: Int32, _ source: Int32, _ time: Int64, _ place: Int32) {
        entries.append(Entry(series: series, origin: source, time: time, place: place, row: rows.lastRow))
    }

    private mutating func append(_ value: WireDecimal) { rows.append(significand: value.significand, scale: value.scale) }

    private mutating func append(_ value: WireDecimal?) {
        if let value { append(value) } else { rows.appendNull() }
    }

    private mutating func append(_ value: Int64?) {
        if let value { rows.append(value) } else { rows.appendNull() }
    }
}
