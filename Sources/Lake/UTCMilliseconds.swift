import FoundationEssentials

/// A time in whole milliseconds since 1970, and its text in UTC: exact, where `Double` and a formatter would cut off a millisecond.
struct UTCMilliseconds: Equatable {
    let count: Int

    init(count: Int) { self.count = count }

    /// Rounded to the nearest.
    init(_ date: Date) { count = Int((date.timeIntervalSince1970 * 1000).rounded()) }

    var date: Date { Date(timeIntervalSince1970: Double(count) / 1000) }

    /// `yyyy/mm/dd`
    var day: String {
        let (year, month, day) = civil
        return "\(padded(year, 4))/\(padded(month, 2))/\(padded(day, 2))"
    }

    /// `yyyy-mm-ddThh:mm:ss.sssZ`
    var text: String {
        let (year, month, day) = civil
        let time = count - days * Self.dayLength
        let clock =
            "\(padded(time / 3_600_000, 2)):\(padded(time / 60_000 % 60, 2)):\(padded(time / 1000 % 60, 2)).\(padded(time % 1000, 3))"
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(clock)Z"
    }

    /// Nil unless it is exactly what `text` would write.
    init?(text: String) {
        let parts = text.utf8.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.compactMap { Int(String(Substring($0))) }
        guard parts.count == 7, parts[0] >= 1970 else { return nil }
        let days = Self.days(year: parts[0], month: parts[1], day: parts[2])
        self.init(count: days * Self.dayLength + ((parts[3] * 60 + parts[4]) * 60 + parts[5]) * 1000 + parts[6])
        guard self.text == text else { return nil }
    }

    private static let dayLength = 86_400_000

    private var days: Int { count >= 0 ? count / Self.dayLength : -((Self.dayLength - 1 - count) / Self.dayLength) }

    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    private var civil: (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
        return (year, month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
    }

    /// Source: the same, `days_from_civil`.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }
}
