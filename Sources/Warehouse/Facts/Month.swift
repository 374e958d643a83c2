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
        guard let month = calendar.dateInterval(of: .month, for: Date(milliseconds: milliseconds)) else {
            preconditionFailure("\(milliseconds) ms lie in no month")
        }
        (start, end) = (month.start.milliseconds, month.end.milliseconds)
    }

    func contains(_ milliseconds: Int64) -> Bool { start <= milliseconds && milliseconds < end }

    static func < (a: Month, b: Month) -> Bool { a.start < b.start }
}
