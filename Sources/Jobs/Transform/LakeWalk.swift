import Lake
import Warehouse

extension RawObjectKey {
    var lakeChannel: LakeChannel { LakeChannel(exchange: exchange, name: channel) }
    var origin: FactOrigin { FactOrigin(receivedAt: receivedAt, hash: Int64(bitPattern: hash)) }
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
    mutating func next(_ store: any ObjectStore) throws(LakeError) -> [(key: String, place: RawObjectKey)] {
        let page = try store.list(prefix: prefix, after: after, limit: Self.page)
        var found: [(String, RawObjectKey)] = []
        var leap: String?
        for key in page.keys {
            if let leap, key <= leap { continue }
            guard let place = RawObjectKey(key) else { continue }
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
