/// What tells a client whether its copy is still the current one.
public struct Validators: Sendable {
    public var tag: EntityTag
    /// Whole seconds since 1970; two versions within one second differ by tag only.
    public var modified: Int?

    public init(tag: EntityTag, modified: Int? = nil) {
        self.tag = tag
        self.modified = modified
    }

    /// Whether the client already has this version (RFC 9110, section 13.2.2): tags, if it sent any, else the date.
    public func isCurrent(in request: Request) -> Bool {
        if let header = request.headers["If-None-Match"] {
            return EntityTagList(header)?.contains(tag) ?? false
        }
        guard let modified, let since = request.headers["If-Modified-Since"].flatMap(HTTPDate.parse) else { return false }
        // Only the very date that was sent: after a clock was set back, an older date may belong to the newer image.
        return modified == since
    }

    /// Puts `ETag` and `Last-Modified` on a response, be it 200 or 304.
    public func apply(to response: inout Response) {
        response.headers["ETag"] = tag.description
        if let modified { response.headers["Last-Modified"] = HTTPDate.format(unixSeconds: modified) }
    }
}
