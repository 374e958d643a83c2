public import FoundationEssentials

/// A complete HTTP answer, whatever its status.
public struct Response: Equatable, Sendable {
    public var status: Int
    /// In the server's order, names lowercase; of the last answer, if there were redirects.
    public var headers: [Header]
    /// Decompressed.
    public var body: [UInt8]
    /// Of the request, without anything secret; for messages.
    public var url: String
    public var receivedAt: Date

    public init(status: Int, headers: [Header] = [], body: [UInt8] = [], url: String = "", receivedAt: Date = Date()) {
        self.status = status
        self.headers = headers
        self.body = body
        self.url = url
        self.receivedAt = receivedAt
    }

    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The first header of that lowercase name.
    public subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// When the server says that it answered: `Date`, whole seconds, rounded down. Nil if absent or unreadable.
    ///
    /// Source: RFC 9110, section 6.6.1.
    public var date: Date? { self["date"].flatMap { Date(httpDate: $0) } }

    /// How long the server asks to be left alone: `Retry-After` in seconds or as a date. Never negative; nil if absent or unreadable.
    ///
    /// Source: RFC 9110, section 10.2.3.
    public var retryAfter: Duration? {
        guard let text = self["retry-after"] else { return nil }
        if let seconds = Int(text) { return .seconds(min(max(seconds, 0), 1 << 31)) }
        guard let date = Date(httpDate: text) else { return nil }
        return .seconds(max(date.timeIntervalSince(receivedAt), 0))
    }
}
