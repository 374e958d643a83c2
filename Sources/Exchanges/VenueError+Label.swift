import Curl

extension VenueError.Code {
    /// One of a few words, for metrics: what went wrong, without whom or where.
    public var label: String {
        switch self {
        case .unreachable(.timeout): "timeout"
        case .unreachable(.unresolved), .unreachable(.unconnected): "unreachable"
        case .unreachable(.insecure): "insecure"
        case .unreachable(.tooLarge): "too_large"
        case .unreachable(.invalidRequest): "invalid_request"
        case .unreachable: "broken"
        case .down: "down"
        case .rateLimited: "rate_limited"
        case .unknownSymbol: "unknown_symbol"
        case .rejected: "rejected"
        case .denied: "denied"
        case .malformed: "malformed"
        case .wrongClock: "wrong_clock"
        case .crossed: "crossed"
        case .emptySide: "empty_side"
        }
    }
}
