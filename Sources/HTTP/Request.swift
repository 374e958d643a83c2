/// A request whose target has been checked and decoded; an impossible one cannot be built.
public struct Request: Sendable {
    public let method: Method
    /// Percent-decoded; starts with a slash.
    public let path: String
    public let query: Query
    public let headers: Headers
    public let body: [UInt8]
    /// Names the request in the logs of nginx and of ours; empty if the server gave none.
    public let id: String
    /// As it came: the router splits it before it decodes, so that an encoded slash stays part of a name.
    let encodedPath: Substring
    /// What the `{name}` segments of the route matched.
    var captures: [String: String] = [:]

    public static let pathLimit = 1024

    /// - Parameter target: path and query as in the request line, still encoded.
    /// - Throws: `invalid` (400) for what cannot be decoded, `targetTooLong` (414) past the limits.
    public init(
        _ method: Method = .get, _ target: String, headers: Headers = [:], body: [UInt8] = [], id: String = "",
        limits: Query.Limits = Query.Limits()
    ) throws(Problem) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].utf8.first == UInt8(ascii: "/") else { throw Problem(.invalid, "the path does not start with a slash") }
        guard parts[0].utf8.count <= Request.pathLimit else {
            throw Problem(.targetTooLong, "the path is longer than \(Request.pathLimit) bytes")
        }
        self.method = method
        encodedPath = parts[0]
        do {
            path = try PercentEncoding.decode(encodedPath.utf8, plusIsSpace: false)
        } catch {
            throw Problem(.invalid, "the path \(error)")
        }
        query = parts.count == 2 ? try Query(parts[1], limits: limits) : .empty
        self.headers = headers
        self.body = body
        self.id = id
    }

    /// What the route's `{name}` matched; empty if the route has no such segment.
    public func capture(_ name: String) -> String { captures[name] ?? "" }
}
