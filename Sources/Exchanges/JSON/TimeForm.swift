import Market

/// How a venue writes a moment; as a number or as a string that holds one.
enum TimeForm {
    case seconds, milliseconds, nanoseconds
    /// `2026-06-19T16:43:33.016274911Z`, in UTC with any number of digits.
    case iso
}

extension JSONReader {
    /// Microseconds since 1970 UTC; what is finer is cut off.
    mutating func microseconds(_ form: TimeForm) throws(JSONError) -> Int64 {
        let start = offset
        let value: Int64? =
            switch form {
            case .seconds: try number().units(places: 6)
            case .milliseconds: try number().units(places: 3)
            case .nanoseconds: try number().units(places: -3)
            case .iso: isoMicroseconds(try quoted().range)
            }
        guard let value else {
            offset = start
            throw error("expected a time")
        }
        return value
    }

    mutating func milliseconds(_ form: TimeForm) throws(JSONError) -> Int64 { try microseconds(form) / 1000 }

    /// Source: RFC 3339, section 5.6; only `Z` as zone.
    private func isoMicroseconds(_ range: Range<Int>) -> Int64? {
        guard range.count >= 20, bytes[range.upperBound - 1] == UInt8(ascii: "Z") else { return nil }
        func digits(_ place: Int, _ count: Int) -> Int64? {
            bytes[range.lowerBound + place..<range.lowerBound + place + count].reduce(0 as Int64?) { sum, byte in
                guard let sum, byte &- 0x30 < 10 else { return nil }
                return sum * 10 + Int64(byte &- 0x30)
            }
        }
        guard zip([4, 7, 10, 13, 16], "--T::".utf8).allSatisfy({ bytes[range.lowerBound + $0] == $1 }), let year = digits(0, 4),
            let month = digits(5, 2), let day = digits(8, 2), let hour = digits(11, 2), let minute = digits(14, 2),
            let second = digits(17, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        let fraction = range.count - 21
        guard fraction <= 0 || bytes[range.lowerBound + 19] == UInt8(ascii: "."), fraction != 0,
            var micros = fraction < 0 ? 0 : digits(20, min(fraction, 6))
        else { return nil }
        for _ in max(fraction, 0)..<max(fraction, 6) { micros *= 10 }
        return ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros
    }

    /// Of the Gregorian calendar; years are counted from March, so that a leap day is the last of its year.
    private func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * marchYear + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
    }
}
