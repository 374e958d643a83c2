import Foundation

/// `CRYPTOGAF_SOAK=1`: tests that repeat something at random points do so as often as was asked for; else a tenth of it.
public enum Soak {
    public static let isOn = ProcessInfo.processInfo.environment["CRYPTOGAF_SOAK"] != nil

    public static func count(_ full: Int) -> Int { isOn ? full : max(full / 10, 1) }
}
