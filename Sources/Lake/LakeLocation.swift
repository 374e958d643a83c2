public import Runtime

/// Where a lake lies: `file:///folder`, `s3://bucket` or `s3://bucket/prefix`. Any thread may open it.
public struct LakeLocation: Equatable, Sendable, CustomStringConvertible {
    enum Kind: Equatable, Sendable {
        case folder(String)
        case bucket(S3Bucket)
    }

    /// Objects that a store in S3 reads, writes or removes at the same time.
    public static let atOnce = 32

    let kind: Kind
    /// Without a slash at its end; holds no secret.
    public let url: String

    /// Throws `invalidLocation`.
    ///
    /// - Parameter s3: of an `s3://` location.
    public init(url: String, s3: S3Access? = nil) throws(LakeError) {
        let parts = url.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let names = Array(parts.dropFirst(url.hasPrefix("file:") ? 3 : 2).reversed().drop { $0.isEmpty }.reversed())
        guard parts.count > 2, parts[1].isEmpty, !names.isEmpty, names.allSatisfy(Self.isName) else { throw Self.malformed }
        switch (parts[0], s3) {
        case ("file:", _) where parts[2].isEmpty:
            kind = .folder("/" + names.joined(separator: "/"))
            self.url = "file:///" + names.joined(separator: "/")
        case ("s3:", let s3?):
            guard Self.isBucket(names[0]) else { throw Self.malformedBucket }
            let prefix = names.dropFirst().map { $0 + "/" }.joined()
            kind = .bucket(S3Bucket(name: names[0], prefix: prefix, access: s3))
            self.url = "s3://" + names.joined(separator: "/")
        case ("s3:", nil): throw LakeError(.invalidLocation, "the lake", "is in S3 and needs an access key and a secret key")
        default: throw Self.malformed
        }
    }

    /// Where objects go that the lake no longer needs at hand, unless another place was named: inside of it, under a name that no
    /// object may have, so that no listing of the lake shows it.
    public func archive() -> LakeLocation {
        switch kind {
        case .folder(let path): LakeLocation(kind: .folder("\(path)/.archive"), url: "\(url)/.archive")
        case .bucket(let bucket):
            LakeLocation(
                kind: .bucket(S3Bucket(name: bucket.name, prefix: "\(bucket.prefix).archive/", access: bucket.access)),
                url: "\(url)/.archive")
        }
    }

    /// Whether a listing of this place would show objects of the other one, or the other way round.
    public func overlaps(_ other: LakeLocation) -> Bool {
        let (a, b) = (url + "/", other.url + "/")
        guard a.hasPrefix(b) || b.hasPrefix(a) else { return false }
        return !(a.count > b.count ? a.dropFirst(b.count) : b.dropFirst(a.count)).hasPrefix(".")
    }

    /// Makes an empty lake of a folder, and the folder itself if the one above it is there. Fine if it is one; a bucket needs nothing.
    ///
    /// Only for who knows that nothing was ever put there: a folder that is no lake may be where a disk is not mounted just now.
    public func begin() throws(LakeError) {
        guard case .folder(let path) = kind else { return }
        try LakeFolder(root: path).begin()
    }

    /// Whether it was begun; false also of a folder whose disk is not mounted. A bucket always was.
    public var isBegun: Bool {
        guard case .folder(let path) = kind else { return true }
        return LakeFolder(root: path).isBegun
    }

    /// Throws `unavailable` where `isBegun` is false.
    public func require() throws(LakeError) {
        guard case .folder(let path) = kind else { return }
        try LakeFolder(root: path).requireLake(path)
    }

    /// A store for the calling thread.
    ///
    /// - Parameter stop: ends waiting for a store that is away.
    public func open(log: Log = .silent, stop: Stop? = nil) throws(LakeError) -> any ObjectStore {
        switch kind {
        case .folder(let path): FileStore(LakeFolder(root: path))
        case .bucket(let bucket): try S3Store(bucket: bucket, log: log, stop: stop)
        }
    }

    public var description: String { url }

    private init(kind: Kind, url: String) {
        self.kind = kind
        self.url = url
    }

    private static let malformed = LakeError(.invalidLocation, "the lake", "must be file:///FOLDER, s3://BUCKET or s3://BUCKET/PREFIX")

    private static let malformedBucket = LakeError(
        .invalidLocation, "the lake",
        "must be in a bucket whose name is letters, digits, dots, hyphens and underscores; keys do not belong into the URL")

    /// Older buckets may have capitals and underscores.
    ///
    /// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    private static func isBucket(_ name: String) -> Bool {
        name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-" || $0 == "_") }
    }

    /// One name of a path that means itself.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    }
}
