import Market
import Postgres

/// A symbol and, of candles, an interval.
struct FactSeries: Hashable, Comparable {
    let symbol: String
    /// Empty but for candles.
    let interval: String

    static func < (a: FactSeries, b: FactSeries) -> Bool { (a.symbol, a.interval) < (b.symbol, b.interval) }
}

/// A batch in the order of its key, each key once.
struct SettledBatch {
    /// What one object brings.
    struct Share {
        let subject: FactSeries
        var staged = 0
        /// Rows that another object of the batch has newer.
        var replaced = 0
        /// Of what is staged: hours since 1970 UTC.
        var hours: Set<Int64> = []
    }

    /// An order book: which, and from which object.
    struct Book {
        let symbol: String
        /// Milliseconds since 1970 UTC.
        let time: Int64
        let hash: Int64
    }

    /// Milliseconds since 1970 UTC.
    struct Extent {
        let series: FactSeries
        var times: ClosedRange<Int64>
    }

    var rows: BinaryRows
    /// By the object's hash.
    var shares: [Int64: Share] = [:]
    /// The first and the last time of the rows in each span of 28 days, which no month is shorter than.
    var times: [Int64: ClosedRange<Int64>] = [:]
    /// Of candles: the first and the last opening of each series.
    var extents: [Extent] = []
    /// Of order books.
    var books: [Book] = []

    fileprivate mutating func extend(to time: Int64, of series: FactSeries, isNew: Bool) {
        if isNew {
            extents.append(Extent(series: series, times: time...time))
        } else {
            extents[extents.count - 1].times = extents[extents.count - 1].times.lowerBound...time
        }
    }

    static func hour(_ milliseconds: Int64) -> Int64 { milliseconds / 3_600_000 }

    mutating func cover(_ time: Int64) {
        let span = time / (28 * KlineInterval.day.milliseconds)
        let range = times[span] ?? time...time
        times[span] = min(range.lowerBound, time)...max(range.upperBound, time)
    }
}

extension FactBatch {
    /// Of what several objects tell of one candle, ticker or book, the newest object's stays.
    func settled() -> SettledBatch {
        let (sorted, wasSorted) = sortedEntries()
        var settled = SettledBatch(rows: rows)
        for (origin, subject) in zip(origins, subjects) where settled.shares[origin.hash] == nil {
            settled.shares[origin.hash] = SettledBatch.Share(subject: subject)
        }
        var (staged, replaced) = ([Int](repeating: 0, count: origins.count), [Int](repeating: 0, count: origins.count))
        var kept: [BinaryRows.Span] = []
        kept.reserveCapacity(sorted.count)
        var hours = [Set<Int64>](repeating: [], count: origins.count)
        var last = (origin: Int32(-1), hour: Int64.min)
        var newest: Entry?
        for entry in sorted {
            if let newest, newest.series == entry.series, newest.time == entry.time {
                guard newest.origin == entry.origin else {
                    replaced[Int(entry.origin)] += 1
                    continue
                }
            } else {
                if table == .klines {
                    settled.extend(to: entry.time, of: subjects[Int(entry.origin)], isNew: newest?.series != entry.series)
                }
                newest = entry
                settled.cover(entry.time)
                if table == .orderbook { settled.books.append(book(of: entry)) }
            }
            staged[Int(entry.origin)] += 1
            let hour = SettledBatch.hour(entry.time)
            if last != (entry.origin, hour) {
                hours[Int(entry.origin)].insert(hour)
                last = (entry.origin, hour)
            }
            kept.append(entry.row)
        }
        if !wasSorted || kept.count < entries.count { settled.rows = rows.taking(kept) }
        for (index, origin) in origins.enumerated() {
            settled.shares[origin.hash]?.staged += staged[index]
            settled.shares[origin.hash]?.replaced += replaced[index]
            settled.shares[origin.hash]?.hours.formUnion(hours[index])
        }
        return settled
    }

    private func book(of entry: Entry) -> SettledBatch.Book {
        let origin = Int(entry.origin)
        return SettledBatch.Book(symbol: subjects[origin].symbol, time: entry.time, hash: origins[origin].hash)
    }

    /// By series, time and, newest first, origin; and whether they were so from the beginning.
    private func sortedEntries() -> (entries: [Entry], wasSorted: Bool) {
        let ranks = ranks
        var sorted = entries
        for index in sorted.indices { sorted[index].series = ranks[Int(sorted[index].series)] }
        func precedes(_ a: Entry, _ b: Entry) -> Bool {
            if a.series != b.series { return a.series < b.series }
            if a.time != b.time { return a.time < b.time }
            if a.origin != b.origin, origins[Int(a.origin)] != origins[Int(b.origin)] {
                return origins[Int(a.origin)] > origins[Int(b.origin)]
            }
            return a.place < b.place
        }
        let wasSorted = zip(sorted, sorted.dropFirst()).allSatisfy { !precedes($1, $0) }
        if !wasSorted { sorted.sort(by: precedes) }
        return (sorted, wasSorted)
    }

    /// Every series' place in the order of names.
    private var ranks: [Int32] {
        var ranks = [Int32](repeating: 0, count: series.count)
        for (rank, named) in series.sorted(by: { $0.key < $1.key }).enumerated() { ranks[Int(named.value)] = Int32(rank) }
        return ranks
    }
}
