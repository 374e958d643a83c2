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

    /// With seconds, and only `Z` as zone.
    private func isoMicroseconds(_ range: Range<Int>) -> Int64? {
        let text = UnsafeBufferPointer(rebasing: bytes[range])
        guard let time = ISOTime(text), time.length >= 19, text[10] == UInt8(ascii: "T"), text.count == time.length + 1,
            text[time.length] == UInt8(ascii: "Z")
        else { return nil }
        return time.microseconds
    }
}
