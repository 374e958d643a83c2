/// A row of an answer that is not taken, and why.
public struct RejectedRow: Equatable, Sendable {
    /// In the answer, from 0.
    public var position: Int
    public var reason: String
    /// As it came, or what was read of it; cut to 500 bytes.
    public var text: String

    public init(position: Int, reason: String, text: String) {
        self.position = position
        self.reason = reason
        self.text = text
    }
}
