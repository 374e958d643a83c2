/// A request method (RFC 9110, section 9); any token is a method, few are known.
public struct Method: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let get = Method(rawValue: "GET")
    public static let head = Method(rawValue: "HEAD")
    public static let options = Method(rawValue: "OPTIONS")
    public static let post = Method(rawValue: "POST")

    public var description: String { rawValue }
}
