import FoundationEssentials
import Market

/// A month of UTC: a partition of each table of facts. In milliseconds since 1970.
struct Month: Hashable, Comparable {
    let start: Int64
    private let end: Int64

    /// The one that a time lies in.
    init(of milliseconds: Int64) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month], from: Date(milliseconds: milliseconds))
        func first(_ month: Int) -> Int64 {
            let date = calendar.date(from: DateComponents(year: parts.year, month: month, day: 1))
            return date?.milliseconds ?? milliseconds
        }
        let month = parts.month ?? 1
        (start, end) = (first(month), first(month + 1))
    }

    func contains(_ milliseconds: Int64) -> Bool { start <= milliseconds && milliseconds < end }

    static func < (a: Month, b: Month) -> Bool { a.start < b.start }
}
