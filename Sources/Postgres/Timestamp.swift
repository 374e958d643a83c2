import FoundationEssentials

/// `timestamptz` in Postgres' ISO text form, microseconds in UTC.
enum Timestamp {
    /// 2000-01-01, where the binary form counts from, in seconds of 1970.
    static let epoch: Int64 = 946_684_800

    /// Microseconds since 2000: the binary form.
    static func date(binary microseconds: Int64) -> Date {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return Date(timeIntervalSince1970: Double(epoch + seconds) + Double(rest) / 1_000_000)
    }

    static func text(_ date: Date) -> String {
        let microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
        let seconds = floorDivide(microseconds, 1_000_000)
        let days = floorDivide(seconds, 86_400)
        let time = seconds - days * 86_400
        let (year, month, day) = civil(days: days)
        let fraction = padded(microseconds - seconds * 1_000_000, 6)
        let clock = "\(padded(time / 3600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2)).\(fraction)+00"
        // Postgres has no year 0: what comes before year 1 is BC.
        if year < 1 { return "\(padded(1 - year, 4))-\(padded(month, 2))-\(padded(day, 2)) \(clock) BC" }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2)) \(clock)"
    }

    /// Nil for what is not `YYYY-MM-DD HH:MM:SS[.ffffff]±HH[:MM[:SS]]`: infinity, BC, another DateStyle.
    static func date(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 22, let split = bytes.lastIndex(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }), split >= 19
        else { return nil }
        let places = [(0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)]
        var fields: [Int64] = []
        for (start, end) in places {
            guard let value = digits(bytes[start..<end]) else { return nil }
            fields.append(value)
        }
        guard let zone = offset(bytes[split...]), let fraction = fraction(bytes[19..<split]) else { return nil }
        let days = days(year: fields[0], month: fields[1], day: fields[2])
        let seconds = days * 86_400 + fields[3] * 3600 + fields[4] * 60 + fields[5] - zone
        return Date(timeIntervalSince1970: Double(seconds) + Double(fraction) / 1_000_000)
    }

    private static func fraction(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard let first = bytes.first else { return 0 }
        let part = bytes.dropFirst()
        guard first == UInt8(ascii: "."), (1...6).contains(part.count), let value = digits(part) else { return nil }
        return (part.count..<6).reduce(value) { value, _ in value * 10 }
    }

    private static func offset(_ bytes: ArraySlice<UInt8>) -> Int64? {
        let parts = bytes.dropFirst().split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count) else { return nil }
        var seconds: Int64 = 0
        for (part, unit) in zip(parts, [3600, 60, 1] as [Int64]) {
            guard part.count == 2, let value = digits(part) else { return nil }
            seconds += value * unit
        }
        return bytes.first == UInt8(ascii: "-") ? -seconds : seconds
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((b - 1 - a) / b) }

    /// Source: http://howardhinnant.github.io/date_algorithms.html
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = floorDivide(year, 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
