/// Names one version of a representation (RFC 9110, section 8.8.3).
public struct EntityTag: Hashable, Sendable, CustomStringConvertible {
    /// What stands between the quotation marks.
    public let opaque: String
    public let isWeak: Bool

    /// Nil if `opaque` holds a quotation mark, a space, or a control character.
    public init?(_ opaque: String, isWeak: Bool = false) {
        guard opaque.utf8.allSatisfy({ $0 == 0x21 || ($0 >= 0x23 && $0 != 0x7f) }) else { return nil }
        self.opaque = opaque
        self.isWeak = isWeak
    }

    public var description: String { (isWeak ? "W/\"" : "\"") + opaque + "\"" }
}

/// An `If-None-Match` header: the versions the client has.
public enum EntityTagList: Equatable, Sendable {
    /// `*`: any version at all.
    case any
    case tags([EntityTag])

    /// Nil for what is not such a header; an unreadable condition is no condition.
    public init?(_ header: String) {
        var rest = header[...].trimmed
        if rest == "*" {
            self = .any
            return
        }
        var tags: [EntityTag] = []
        while !rest.isEmpty {
            if rest.first == "," {
                rest = rest.dropFirst().trimmed
                continue
            }
            guard let (tag, after) = EntityTagList.tag(at: rest) else { return nil }
            tags.append(tag)
            rest = after.trimmed
            guard rest.isEmpty || rest.first == "," else { return nil }
        }
        guard !tags.isEmpty else { return nil }
        self = .tags(tags)
    }

    /// By weak comparison, as `If-None-Match` asks: nginx makes a strong tag weak where it compresses.
    public func contains(_ tag: EntityTag) -> Bool {
        switch self {
        case .any: true
        case .tags(let tags): tags.contains { $0.opaque == tag.opaque }
        }
    }

    private static func tag(at text: Substring) -> (EntityTag, Substring)? {
        let isWeak = text.hasPrefix("W/")
        let quoted = isWeak ? text.dropFirst(2) : text
        guard quoted.first == "\"", let end = quoted.dropFirst().firstIndex(of: "\"") else { return nil }
        let opaque = String(quoted[quoted.index(after: quoted.startIndex)..<end])
        guard let tag = EntityTag(opaque, isWeak: isWeak) else { return nil }
        return (tag, quoted[quoted.index(after: end)...])
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = self.drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return start.prefix(0) }
        return start[...last]
    }
}
