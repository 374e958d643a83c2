/// What may name an object: one to twelve segments of `A–Z a–z 0–9 - _ . = ~ +` joined by slashes, none of which begins with a dot, a
/// hyphen or a plus, 512 bytes in all.
///
/// Names that begin with a dot are ours: temporary files and the archive lie there, unseen by a listing. In byte order all keys come
/// after them, so that a listing can start behind them.
enum ObjectKey {
    static let limit = 512
    static let segmentLimit = 200
    static let depthLimit = 12

    static func isValid(_ key: String) -> Bool {
        guard key.utf8.count <= limit else { return false }
        let segments = key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return segments.count <= depthLimit && segments.allSatisfy(isSegment)
    }

    static func check(_ key: String) throws(LakeError) {
        guard !isValid(key) else { return }
        throw LakeError(.invalidKey, key, "not a key: segments of letters, digits and - _ . = ~ + joined by slashes")
    }

    /// A prefix may end anywhere, also inside a segment.
    static func check(prefix: String) throws(LakeError) {
        if prefix.isEmpty || isValid(prefix) || (prefix.utf8.last == UInt8(ascii: "/") && isValid(String(prefix.dropLast()))) { return }
        throw LakeError(.invalidKey, prefix, "not the beginning of a key")
    }

    private static func isSegment(_ segment: Substring.UTF8View) -> Bool {
        guard let first = segment.first, segment.count <= segmentLimit else { return false }
        return !".-+".utf8.contains(first) && segment.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "="), UInt8(ascii: "~"), UInt8(ascii: "+"):
            true
        default: false
        }
    }
}
