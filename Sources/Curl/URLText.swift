/// Building URLs, and showing them without what is secret.
public enum URLText {
    /// `base` (with or without a slash at its end) + `/path` (its segments encoded by the caller) + the pairs as a query.
    public static func join(_ base: String, _ path: String, query: [(String, String)] = []) -> String {
        var url = base.hasSuffix("/") ? String(base.dropLast()) : base
        url += path.hasPrefix("/") ? path : "/" + path
        for (index, (name, value)) in query.enumerated() {
            url += (index == 0 ? "?" : "&") + encoded(name) + "=" + encoded(value)
        }
        return url
    }

    /// Every byte but the unreserved ones as `%XX`; fit for a path segment, a query name and a query value.
    ///
    /// Source: RFC 3986, section 2.
    public static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.append(byte)
            default:
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// For logs and errors: user, password and the values of parameters that look like credentials become `***`.
    public static func redacted(_ url: String) -> String {
        let (start, query) = split(url, at: "?")
        guard let query else { return withoutUser(start) }
        let pairs = query.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            let (name, value) = split(String(pair), at: "=")
            return value != nil && isSecret(name) ? name + "=***" : String(pair)
        }
        return withoutUser(start) + "?" + pairs.joined(separator: "&")
    }

    /// The host names this very machine, so that a proxy of the environment has no part in it.
    static func isLoopback(_ url: String) -> Bool {
        let authority = withoutUser(url).split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? ""
        let host = authority.split(separator: "@").last ?? ""
        return host.hasPrefix("[::1]") || host.split(separator: ":").first.map { $0 == "localhost" || $0.hasPrefix("127.") } ?? false
    }

    private static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["key", "token", "secret", "signature", "password", "credential"].contains { name.contains($0) }
    }

    private static func withoutUser(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let at = rest[..<end].lastIndex(of: "@") else { return url }
        return url[..<scheme.upperBound] + "***" + rest[at...]
    }

    private static func split(_ text: String, at separator: Character) -> (String, String?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (String(text[..<index]), String(text[text.index(after: index)...]))
    }
}
