/// Who signs requests to a service of Amazon's kind, and with what. Shows none of it.
///
/// libcurl 7.88 signs all headers of a request. S3 wants `x-amz-content-sha256` among them, the query's names sorted and its values
/// percent-encoded.
///
/// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
public struct SigningKey: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    let accessKey: String
    let secretKey: String
    /// Goes with keys that expire.
    let sessionToken: String?
    let region: String
    let service: String

    /// Nil if region or service hold anything but letters, digits and hyphens.
    public init?(accessKey: String, secretKey: String, sessionToken: String? = nil, region: String, service: String) {
        guard [region, service].allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isWordByte) }) else { return nil }
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.region = region
        self.service = service
    }

    var headers: [Header] { sessionToken.map { [Header("x-amz-security-token", $0)] } ?? [] }

    public var description: String { "a key for \(service) in \(region)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
