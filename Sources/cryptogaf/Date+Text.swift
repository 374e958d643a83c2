import FoundationEssentials

extension Date {
    /// A day or a time in UTC: `2025-01-31`, `2025-01-31T12:00Z`, `2025-01-31 12:00:30`. Nil for anything else, and before 1970.
    init?(utcText text: String) {
        let bytes = Array(text.utf8)
        let separators: [Int: [UInt8]] = [
            4: Array("-".utf8), 7: Array("-".utf8), 10: Array("T ".utf8), 13: Array(":".utf8), 16: Array(":".utf8),
        ]
        let body = bytes.last == UInt8(ascii: "Z") ? bytes.dropLast() : bytes[...]
        guard [10, 16, 19].contains(body.count), body.count > 10 || body.count == bytes.count else { return nil }
        let isShaped = body.enumerated().allSatisfy { place, byte in
            separators[place]?.contains(byte) ?? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isShaped else { return nil }
        let parts = body.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.compactMap {
            Int(String(decoding: $0, as: UTF8.self))
        }
        var components = DateComponents()
        (components.year, components.month, components.day) = (parts[0], parts[1], parts[2])
        components.hour = parts.count > 3 ? parts[3] : 0
        components.minute = parts.count > 4 ? parts[4] : 0
        components.second = parts.count > 5 ? parts[5] : 0
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        guard components.isValidDate(in: calendar), let date = calendar.date(from: components), date.timeIntervalSince1970 >= 0 else {
            return nil
        }
        self = date
    }

    /// `2025-01-31T12:00:00Z`
    var utcText: String { formatted(Date.ISO8601FormatStyle()) }
}
