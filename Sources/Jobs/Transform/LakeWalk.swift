import FoundationEssentials
import Lake
import Warehouse

/// What the key of a raw object says: `exchange/symbol/channel/yyyy/mm/dd/<ms>-<hash>.json.gz`.
struct RawObjectPlace {
    let channel: LakeChannel
    let symbol: String
    /// `yyyy/mm/dd`, UTC.
    let day: String
    let origin: FactOrigin

    /// Nil: something else lies there.
    init?(key: String) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 7, let origin = FactOrigin(key: key) else { return nil }
        channel = LakeChannel(exchange: String(parts[0]), name: String(parts[2]))
        symbol = String(parts[1])
        day = parts[3...5].joined(separator: "/")
        self.origin = origin
    }

    /// What the keys of its venue, symbol and channel begin with.
    var series: String { "\(channel.exchange)/\(symbol)/\(channel.name)/" }
}

/// The raw objects of a lake page by page, in the byte order of their keys. Days that nobody wants are leapt over, not listed.
struct LakeWalk {
    private let prefix: String
    /// `yyyy/mm/dd`, UTC; nil: all.
    private let days: ClosedRange<String>?
    private var after: String?
    private(set) var isAtEnd = false

    static let page = 1000

    init(prefix: String = "", days: ClosedRange<String>? = nil) {
        self.prefix = prefix
        self.days = days
    }

    /// May be empty in the middle of a walk.
    mutating func next(_ store: any ObjectStore) throws(LakeError) -> [(key: String, place: RawObjectPlace)] {
        let page = try store.list(prefix: prefix, after: after, limit: Self.page)
        var found: [(String, RawObjectPlace)] = []
        var leap: String?
        for key in page.keys {
            if let leap, key <= leap { continue }
            guard let place = RawObjectPlace(key: key) else { continue }
            if let days, !days.contains(place.day) {
                // A colon comes after every digit.
                leap = place.series + (place.day < days.lowerBound ? days.lowerBound : ":")
            } else {
                found.append((key, place))
            }
        }
        isAtEnd = page.next == nil
        after = page.next
        if let leap, let next = page.next, next < leap { after = leap }
        return found
    }
}

extension Date {
    /// `yyyy/mm/dd`, UTC.
    var lakeDay: String {
        let text = formatted(Date.ISO8601FormatStyle())
        return text.prefix(10).split(separator: "-").joined(separator: "/")
    }
}
