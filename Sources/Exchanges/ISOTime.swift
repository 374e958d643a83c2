/// A date, and a time of day, as RFC 3339 writes them at the beginning of a text. What stands behind them is the caller's to judge.
struct ISOTime {
    /// Since 1970, as if the text were in UTC; what is finer is cut off.
    private(set) var microseconds: Int64
    /// Bytes of the text that were read: 10 of a date alone, 16 of one with hours and minutes, 19 and more with seconds.
    private(set) var length = 10

    /// `2026-06-19`, and as far as it is there ` 16:43`, `:33`, `.016274911`, after a `T` or a blank. Nil: it begins with no day of the
    /// calendar, or goes on with no time of day.
    ///
    /// Source: RFC 3339, section 5.6.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        let digits = Digits(text: text)
        guard let year = digits.number(0, 4), digits.holds("-", at: 4), let month = digits.number(5, 2), digits.holds("-", at: 7),
            let day = digits.number(8, 2), let days = Self.daysSince1970(year, month, day)
        else { return nil }
        microseconds = days * 86_400_000_000
        guard digits.holds("T", at: 10) || digits.holds(" ", at: 10) else { return }
        guard let hour = digits.number(11, 2), digits.holds(":", at: 13), let minute = digits.number(14, 2), hour < 24, minute < 60 else {
            return nil
        }
        microseconds += (hour * 60 + minute) * 60_000_000
        length = 16
        guard digits.holds(":", at: 16) else { return }
        // A leap second is the last of a day.
        guard let second = digits.number(17, 2), second < 60 || (second == 60 && hour == 23 && minute == 59) else { return nil }
        microseconds += second * 1_000_000
        length = 19
        guard digits.holds(".", at: 19) else { return }
        let count = digits.count(from: 20)
        guard count > 0, let fraction = digits.number(20, min(count, 6)) else { return nil }
        microseconds += (count..<max(count, 6)).reduce(fraction) { value, _ in value * 10 }
        length = 20 + count
    }

    private struct Digits {
        let text: UnsafeBufferPointer<UInt8>

        func number(_ place: Int, _ count: Int) -> Int64? {
            guard place + count <= text.count else { return nil }
            return text[place..<place + count].reduce(0 as Int64?) { sum, byte in
                guard let sum, byte &- 0x30 < 10 else { return nil }
                return sum * 10 + Int64(byte &- 0x30)
            }
        }

        func count(from place: Int) -> Int { text.dropFirst(place).prefix { $0 &- 0x30 < 10 }.count }

        func holds(_ character: Unicode.Scalar, at place: Int) -> Bool { place < text.count && text[place] == UInt8(ascii: character) }
    }

    /// Nil: there is no such day.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
        guard (1...12).contains(month) else { return nil }
        let first = firstDay(year, month)
        let following = month == 12 ? firstDay(year + 1, 1) : firstDay(year, month + 1)
        return (1...following - first).contains(day) ? first + day - 1 : nil
    }

    /// Of a month of the Gregorian calendar, in days since 1970; years are counted from March, so that a leap day is the last of its year.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    private static func firstDay(_ year: Int64, _ month: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5
        // Of the year 0 it is -1, which division would round up.
        let leapDays = marchYear < 0 ? -1 : marchYear / 4 - marchYear / 100 + marchYear / 400
        return 365 * marchYear + leapDays + dayOfYear - 719_468
    }
}
