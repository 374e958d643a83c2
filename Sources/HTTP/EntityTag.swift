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
        var rest = Substring(header).utf8
        EntityTagList.skipSpace(&rest)
        if rest.elementsEqual("*".utf8) {
            self = .any
            return
        }
        var tags: [EntityTag] = []
        var needsComma = false
        while let byte = rest.first {
            if byte == UInt8(ascii: ",") {
                rest.removeFirst()
                needsComma = false
            } else {
                guard !needsComma, let tag = EntityTagList.tag(&rest) else { return nil }
                tags.append(tag)
                needsComma = true
            }
            EntityTagList.skipSpace(&rest)
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

    private static func tag(_ rest: inout Substring.UTF8View) -> EntityTag? {
        let isWeak = rest.starts(with: "W/".utf8)
        if isWeak { rest.removeFirst(2) }
        guard rest.popFirst() == UInt8(ascii: "\""), let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        let tag = EntityTag(String(Substring(rest[..<end])), isWeak: isWeak)
        rest = rest[end...].dropFirst()
        return tag
    }

    private static func skipSpace(_ rest: inout Substring.UTF8View) {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }
}
