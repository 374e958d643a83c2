internal import Curl

/// The S3 service that `s3://` locations are of, and who we are there. Shows no key.
public struct S3Access: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    /// Such as `http://127.0.0.1:9000`; nil: Amazon's own of the region.
    let endpoint: String?
    let region: String
    let key: SigningKey

    /// Throws `invalidLocation`.
    ///
    /// - Parameter sessionToken: goes with keys that expire.
    public init(endpoint: String? = nil, region: String = "us-east-1", accessKey: String, secretKey: String, sessionToken: String? = nil)
        throws(LakeError)
    {
        guard
            let key = SigningKey(
                accessKey: accessKey, secretKey: secretKey, sessionToken: sessionToken, region: region, service: "s3")
        else { throw LakeError(.invalidLocation, "the region", "must be letters, digits and hyphens, such as us-east-1") }
        self.endpoint = endpoint.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.region = region
        self.key = key
    }

    public var description: String { "S3 at \(URLText.redacted(endpoint ?? "Amazon")) in \(region)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A bucket, or what lies under a prefix in one.
struct S3Bucket: Equatable, Sendable {
    let name: String
    /// Empty, or ends with a slash.
    let prefix: String
    let access: S3Access

    /// Whether `If-None-Match: *` is sure to be obeyed. Others may ignore it without a word, and are asked before.
    ///
    /// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    var obeysConditions: Bool { access.endpoint == nil }

    func url(of key: String) -> String {
        let path = (prefix + key).split(separator: "/", omittingEmptySubsequences: false).map { URLText.encoded(String($0)) }
        return "\(base)/\(path.joined(separator: "/"))"
    }

    /// Of `ListObjectsV2`. Names in alphabetical order, as the signature wants them.
    func listURL(prefix keys: String, after: String, limit: Int) -> String {
        var query = [("list-type", "2"), ("max-keys", String(limit))]
        if !(prefix + keys).isEmpty { query.append(("prefix", prefix + keys)) }
        query.append(("start-after", prefix + after))
        let pairs = query.map { "\($0)=\(URLText.encoded($1))" }.joined(separator: "&")
        // A path with a slash at its end would be signed as another.
        return isInPath ? "\(base)?\(pairs)" : "\(base)/?\(pairs)"
    }

    /// Amazon finds the bucket in the host's name; one with a dot would not fit its certificate. Other services may have no such names.
    private var isInPath: Bool { access.endpoint != nil || name.contains(".") }

    private var base: String {
        guard isInPath else { return "https://\(name).s3.\(access.region).amazonaws.com" }
        return "\(access.endpoint ?? "https://s3.\(access.region).amazonaws.com")/\(name)"
    }

    /// For messages.
    var place: String { "s3://\(name)/\(prefix) (\(access))" }
}
