/// Why the lake could not do what it was asked.
public struct LakeError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// A fault of the caller: no object can have this key.
        case invalidKey
        /// `LAKE_URL` and what belongs to it make no sense.
        case invalidLocation
        /// No such object.
        case missing
        /// Another object has this key; it was left alone.
        case conflict
        /// The object is there but is not what was once put: never to be loaded.
        case corrupt
        /// No room is left.
        case full
        case readOnly
        /// We may not.
        case denied
        /// The store knows the caller no longer, or never did: for a person to mend, not for another try.
        case credentials
        /// Away, overloaded or broken just now, also after several tries.
        case unavailable
        /// Anything else; see `message`.
        case other
    }

    public let code: Code
    /// The object's key, or where the store is.
    public let subject: String
    public let message: String

    public init(_ code: Code, _ subject: String, _ message: String) {
        self.code = code
        self.subject = subject
        self.message = message
    }

    /// Every other object would meet the same fault, so going on makes no sense.
    public var isOfStore: Bool {
        switch code {
        case .full, .readOnly, .denied, .credentials, .unavailable, .invalidLocation: true
        case .invalidKey, .missing, .conflict, .corrupt, .other: false
        }
    }

    public var description: String { "\(subject): \(message)" }
}
