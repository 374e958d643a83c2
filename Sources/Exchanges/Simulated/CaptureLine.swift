import FoundationEssentials

/// A line of a raw feed capture.
///
/// ```
/// wss://ws-feed.pro.coinbase.com <-> 1618677816.8434298
/// wss://ws-feed.pro.coinbase.com <- 1618677817.020616: {"type":"subscribe",…}
/// 1618677817.118783: {"type":"l2update",…}
/// ```
/// Only the last kind is the feed; the others tell what the recorder did.
enum CaptureLine {
    case recorder
    /// Time since 1970 in nanoseconds, by the recorder's clock, and the message.
    case received(at: Int64, message: ArraySlice<UInt8>)

    /// Nil: no line of a capture.
    init?(_ line: ArraySlice<UInt8>) {
        guard let first = line.first else {
            self = .recorder
            return
        }
        if !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) {
            guard Self.recorderPrefixes.contains(where: { line.starts(with: $0) }) else { return nil }
            self = .recorder
            return
        }
        // The message holds colons too: the first ends the time.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line[colon...].starts(with: Self.separator),
            let time = Self.nanoseconds(line[..<colon])
        else { return nil }
        self = .received(at: time, message: line[(colon + Self.separator.count)...])
    }

    private static let separator = Array(": ".utf8)
    private static let recorderPrefixes = ["wss://", "ws://", "https://", "http://", "configuration: "].map { Array($0.utf8) }

    /// The year 2100: what lies later is no time, and might overflow as nanoseconds.
    private static let secondsLimit: Int64 = 4_102_444_800

    /// Unix seconds with a fraction. Integers, since a `Double` cannot tell such times apart at the edge of a step.
    static func nanoseconds(_ text: ArraySlice<UInt8>) -> Int64? {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = Int64(String(decoding: parts[0], as: UTF8.self)), (0...secondsLimit).contains(seconds) else { return nil }
        guard parts.count == 2 else { return seconds * 1_000_000_000 }
        guard (1...9).contains(parts[1].count), parts[1].allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else { return nil }
        let padded = parts[1] + repeatElement(UInt8(ascii: "0"), count: 9 - parts[1].count)
        return padded.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) } + seconds * 1_000_000_000
    }
}
