/// Which pages of other sites may read the answers (the CORS protocol, Fetch standard section 3.3).
public enum CrossOrigin: Sendable, Equatable {
    case none, any
    /// Origins such as `https://charts.example`.
    case listed([String])

    /// `*`, nothing, or a list separated by commas or spaces.
    public init(_ text: String) {
        let origins = text.split { $0 == "," || $0 == " " }.map(String.init)
        self = origins.isEmpty ? .none : origins.contains("*") ? .any : .listed(origins)
    }

    /// Adds what lets the asking page read `response`.
    func apply(to response: inout Response, of request: Request) {
        switch self {
        case .none: return
        case .any: response.headers["Access-Control-Allow-Origin"] = "*"
        case .listed(let origins):
            // A cache must not hand one site's permission to another.
            response.headers.add("Origin", to: "Vary")
            guard let origin = request.headers["Origin"], origins.contains(origin) else { return }
            response.headers["Access-Control-Allow-Origin"] = origin
        }
        response.headers["Access-Control-Expose-Headers"] = "ETag, Last-Modified, Retry-After"
    }

    /// The answer to a preflight, beside what `apply` adds.
    func preflight(allowing methods: String, of request: Request) -> Headers {
        var headers: Headers = ["Allow": methods]
        guard self != .none, request.headers["Access-Control-Request-Method"] != nil else { return headers }
        headers["Access-Control-Allow-Methods"] = methods
        headers["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since, Cache-Control"
        headers["Access-Control-Max-Age"] = "86400"
        return headers
    }
}
