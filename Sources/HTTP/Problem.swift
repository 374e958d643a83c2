/// An answer to a request that failed, as `application/problem+json`.
///
/// Source: RFC 9457.
public struct Problem: RespondingError, CustomStringConvertible {
    /// Why, in the few words that decide the status.
    public enum Code: Sendable {
        case invalid, notFound, methodNotAllowed, conflict, contentTooLarge, targetTooLong, `internal`, unavailable

        /// The only table from errors to statuses.
        public var status: Status {
            switch self {
            case .invalid: .badRequest
            case .notFound: .notFound
            case .methodNotAllowed: .methodNotAllowed
            case .conflict: .conflict
            case .contentTooLarge: .contentTooLarge
            case .targetTooLong: .uriTooLong
            case .internal: .internalServerError
            case .unavailable: .serviceUnavailable
            }
        }
    }

    public var code: Code
    /// One sentence for the client: what is wrong, and what would be right.
    public var detail: String
    /// The query's parameter at fault.
    public var parameter: String?
    /// Sent with the answer: `Allow`, `Retry-After`.
    public var headers: Headers
    /// For the log; never sent.
    public var cause: (any Error)?

    public init(_ code: Code, _ detail: String, parameter: String? = nil, headers: Headers = [:], cause: (any Error)? = nil) {
        self.code = code
        self.detail = detail
        self.parameter = parameter
        self.headers = headers
        self.cause = cause
    }

    /// Something the answer depends on is away; the client should come back in `retryAfter` seconds.
    public static func unavailable(_ detail: String, retryAfter: Int = 1, cause: (any Error)? = nil) -> Problem {
        Problem(.unavailable, detail, headers: ["Retry-After": String(retryAfter)], cause: cause)
    }

    /// What became of an error nobody expected: the client learns that it happened, the log learns what.
    public static func unexpected(_ error: any Error) -> Problem {
        Problem(.internal, "the request failed for a reason that only the log tells", cause: error)
    }

    public var problem: Problem { self }

    public var description: String { "\(code.status): \(detail)" + (cause.map { " (\($0))" } ?? "") }

    /// - Parameter requestID: what to look for in the logs; left out if empty.
    public func response(requestID: String = "") -> Response {
        let status = code.status
        var json = "{\"type\":\"about:blank\",\"title\":\(JSONText.quoted(status.reason)),\"status\":\(status.code)"
        json += ",\"detail\":\(JSONText.quoted(detail))"
        if let parameter { json += ",\"parameter\":\(JSONText.quoted(parameter))" }
        if !requestID.isEmpty { json += ",\"request\":\(JSONText.quoted(requestID))" }
        var response = Response(status, headers: headers, body: .text(json + "}\n"))
        response.headers["Content-Type"] = "application/problem+json"
        // A failure of this moment must not outlive it in a cache.
        response.headers["Cache-Control"] = "no-store"
        response.failure = cause ?? self
        return response
    }
}
