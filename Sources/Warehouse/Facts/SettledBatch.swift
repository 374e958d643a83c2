import Market
import Postgres

/// A symbol and, of candles, an interval.
struct FactSeries: Hashable, Comparable {
    let symbol: String
    /// Empty but for candles.
    let interval: String

    static func < (a: FactSeries, b: FactSeries) -> Bool { (a.symbol, a.interval) < (b.symbol, b.interval) }
}

/// A batch by months, and in each of them in the order of its key, each key once.
struct SettledBatch {
    /// What one object brings.
    struct Share {
        let subject: FactSeries
        var staged = 0
        /// Rows that another object of the batch has newer.
        var replaced = 0
        /// Of what is staged: hours since 1970 UTC.
        var hours: Set<Int64> = []
        /// Of all its rows, in milliseconds since 1970 UTC; without any, of no time.
        private(set) var first = Int64.max
        private(set) var last = Int64.min

        var hasRows: Bool { first <= last }

        fileprivate mutating func extend(to time: Int64) { (first, last) = (min(first, time), max(last, time)) }

        /// - Parameter previous: time of the row staged before it.
        fileprivate mutating func stage(_ time: Int64, after previous: Int64?) {
            staged += 1
            let hour = SettledBatch.hour(time)
            if previous.map(SettledBatch.hour) != hour { hours.insert(hour) }
        }

        fileprivate mutating func add(_ other: Share) {
            staged += other.staged
            replaced += other.replaced
            hours.formUnion(other.hours)
            (first, last) = (min(first, other.first), max(last, other.last))
        }
    }

    /// An order book: which, and from which object.
    struct Book {
        let symbol: String
        /// Milliseconds since 1970 UTC.
        let time: Int64
        let hash: Int64
    }

    /// Candles of one object and series that stand one after another.
    struct Run {
        let series: FactSeries
        let hash: Int64
        /// Milliseconds since 1970 UTC.
        let first: Int64
        var last: Int64
        var count = 0
        /// All times in seconds since 1970 UTC, added up.
        var seconds: Int64 = 0

        fileprivate mutating func add(_ time: Int64) {
            last = time
            count += 1
            seconds += time / 1000
        }
    }

    var rows: BinaryRows
    /// By the object's hash.
    var shares: [Int64: Share] = [:]
    /// That rows lie in.
    var months: [Month] = []
    /// Of candles.
    var runs: [Run] = []
    /// Of order books.
    var books: [Book] = []

    static func hour(_ milliseconds: Int64) -> Int64 { milliseconds / 3_600_000 }
}

extension FactBatch {
    /// Of what several objects tell of one candle, ticker or book, the newest object's stays.
    func settled() -> SettledBatch {
        let months = months
        let (sorted, wasSorted) = sortedEntries(months)
        var settled = SettledBatch(rows: rows, months: months)
        var shares = subjects.map { SettledBatch.Share(subject: $0) }
        var kept: [BinaryRows.Span] = []
        kept.reserveCapacity(sorted.count)
        var previous: Entry?
        for entry in sorted {
            let (origin, isSameOrigin) = (Int(entry.origin), previous?.origin == entry.origin)
            let isSameKey = previous?.series == entry.series && previous?.time == entry.time
            shares[origin].extend(to: entry.time)
            if isSameKey, !isSameOrigin {
                shares[origin].replaced += 1
                continue
            }
            if table == .orderbook, !isSameKey { settled.books.append(book(of: entry)) }
            if !isSameOrigin || previous?.series != entry.series {
                if table == .klines { settled.runs.append(run(from: entry)) }
                previous = nil
            }
            if table == .klines { settled.runs[settled.runs.count - 1].add(entry.time) }
            shares[origin].stage(entry.time, after: previous?.time)
            kept.append(entry.row)
            previous = entry
        }
        if !wasSorted || kept.count < entries.count { settled.rows = rows.taking(kept) }
        for (origin, share) in zip(origins, shares) {
            settled.shares[origin.hash, default: SettledBatch.Share(subject: share.subject)].add(share)
        }
        return settled
    }

    private func run(from entry: Entry) -> SettledBatch.Run {
        let origin = Int(entry.origin)
        return SettledBatch.Run(series: subjects[origin], hash: origins[origin].hash, first: entry.time, last: entry.time)
    }

    private func book(of entry: Entry) -> SettledBatch.Book {
        let origin = Int(entry.origin)
        return SettledBatch.Book(symbol: subjects[origin].symbol, time: entry.time, hash: origins[origin].hash)
    }

    /// That rows lie in, in their order.
    private var months: [Month] {
        var months: [Month] = []
        for entry in entries where months.last?.contains(entry.time) != true {
            if let known = months.firstIndex(where: { $0.contains(entry.time) }) {
                // The next row is probably of the same.
                months.swapAt(known, months.count - 1)
            } else {
                months.append(Month(of: entry.time))
            }
        }
        return months.sorted()
    }

    /// By month, series, time and, newest first, origin; and whether they were so from the beginning. `series` is then the place of both
    /// month and series.
    private func sortedEntries(_ months: [Month]) -> (entries: [Entry], wasSorted: Bool) {
        let ranks = ranks
        var sorted = entries
        var month = 0
        for index in sorted.indices {
            let time = sorted[index].time
            if months.count > 1, !months[month].contains(time) { month = months.firstIndex { $0.contains(time) } ?? 0 }
            sorted[index].series = Int32(month * ranks.count) + ranks[Int(sorted[index].series)]
        }
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
