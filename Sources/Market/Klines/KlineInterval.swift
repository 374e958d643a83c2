/// The length of a candle. Every interval is a fixed number of minutes on the UTC grid; a week opens on Monday.
public enum KlineInterval: String, CaseIterable, Sendable, Comparable, CustomStringConvertible {
    case minute = "1m"
    case minutes3 = "3m"
    case minutes5 = "5m"
    case minutes15 = "15m"
    case minutes30 = "30m"
    case hour = "1h"
    case hours2 = "2h"
    case hours4 = "4h"
    case hours6 = "6h"
    case hours8 = "8h"
    case hours12 = "12h"
    case day = "1d"
    case days3 = "3d"
    case week = "1w"

    /// As it stands in tables, keys and options.
    public var code: String { rawValue }
    public var description: String { rawValue }

    public var seconds: Int64 {
        switch self {
        case .minute: 60
        case .minutes3: 180
        case .minutes5: 300
        case .minutes15: 900
        case .minutes30: 1800
        case .hour: 3600
        case .hours2: 7200
        case .hours4: 14_400
        case .hours6: 21_600
        case .hours8: 28_800
        case .hours12: 43_200
        case .day: 86_400
        case .days3: 259_200
        case .week: 604_800
        }
    }

    public var milliseconds: Int64 { seconds * 1000 }

    /// 1970-01-01 was a Thursday: weeks are counted from Monday, 1970-01-05.
    private var origin: Int64 { self == .week ? 345_600_000 : 0 }

    /// The opening of the candle that `time` lies in; both in milliseconds since 1970 UTC.
    public func open(at time: Int64) -> Int64 {
        let past = (time - origin) % milliseconds
        return time - (past < 0 ? past + milliseconds : past)
    }

    public func isOpening(_ time: Int64) -> Bool { open(at: time) == time }

    public static func < (a: KlineInterval, b: KlineInterval) -> Bool { a.seconds < b.seconds }
}
