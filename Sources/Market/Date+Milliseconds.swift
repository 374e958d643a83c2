public import FoundationEssentials

/// Times as venues, keys of the lake and ranges of candles have them: milliseconds since 1970 UTC.
extension Date {
    public init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// To the nearest: a time made of milliseconds gives back the same ones.
    public var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }
}
