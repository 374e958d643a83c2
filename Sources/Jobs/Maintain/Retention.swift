/// How long what is kept, and how much of it.
public struct Retention: Equatable, Sendable {
    /// Raw objects go to the archive after this, counted from when they were received, or put into the lake if that was later.
    public var rawDays = 7
    /// Archived ones go for good after this, counted from the same time.
    public var archiveDays = 30
    /// A month of facts goes when it ended this long ago; rollups stay for ever.
    public var factDays = 90
    /// Runs of jobs, rejected rows, and, counted from that time too, what is known of objects that have expired.
    public var logDays = 90
    /// Beyond this the oldest go to the archive earlier; nil: no bound.
    public var rawBytes: Int?
    /// Beyond this the oldest go for good earlier.
    public var archiveBytes: Int?

    public init() {}

    /// Facts younger than this are dropped by nobody.
    public static let leastFactDays = 7
    /// As `crypto_gaf.draws` says of itself.
    static let drawDays = 30
    /// Months that are made ahead, beside this one.
    static let monthsAhead = 2
}
