/// Where a lake lies: `file:///folder`, `s3://bucket` or `s3://bucket/prefix`. Any thread may open it.
public struct LakeLocation: Equatable, Sendable, CustomStringConvertible {
    enum Kind: Equatable, Sendable {
        case folder(String)
    }

    let kind: Kind
    /// Without a slash at its end; holds no secret.
    public let url: String

    public init(url: String) throws(LakeError) {
        var url = url
        while url.hasSuffix("/"), !url.hasSuffix("//") { url.removeLast() }
        guard url.hasPrefix("file:///"), url.utf8.count > 8, !url.hasSuffix("/") else {
            throw LakeError(.invalidLocation, "the lake", "must be file:///FOLDER, s3://BUCKET or s3://BUCKET/PREFIX")
        }
        kind = .folder(String(url.dropFirst(7)))
        self.url = url
    }

    /// Where objects go that the lake no longer needs at hand, unless another place was named: inside of it, under a name that no
    /// object may have, so that no listing of the lake shows it.
    public func archive() throws(LakeError) -> LakeLocation { try LakeLocation(url: "\(url)/.archive") }

    /// A store for the calling thread.
    public func open() throws(LakeError) -> any ObjectStore {
        switch kind {
        case .folder(let path): FileStore(root: path)
        }
    }

    public var description: String { url }
}
