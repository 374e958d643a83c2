public import Exchanges

/// A venue at the address where it is to be asked, and how often that may be.
public struct VenueSite: Sendable {
    public let venue: any Venue.Type
    /// Without a path.
    public let baseURL: String
    public let rateLimit: RateLimit
    /// What a question costs of the limit.
    public let weight: @Sendable (VenueQuestion) -> Int

    public var name: String { venue.name }

    /// - Parameter requestsPerSecond: instead of what the venue declares; nil: that, with its weights.
    public init(_ venue: any Venue.Type, baseURL: String? = nil, requestsPerSecond: Double? = nil) {
        self.venue = venue
        self.baseURL = baseURL ?? venue.publicURL
        if let requestsPerSecond {
            // So that in any second no more go than that.
            let burst = max(Int(requestsPerSecond / 5), 1)
            rateLimit = RateLimit(perSecond: max(requestsPerSecond - Double(burst), requestsPerSecond / 2), burst: burst)
            weight = { _ in 1 }
        } else {
            rateLimit = venue.offer.rateLimit
            weight = venue.offer.weight
        }
    }
}
