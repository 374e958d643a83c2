/// What a session may be called.
enum ApplicationName {
    /// Bytes that Postgres keeps. Source: https://www.postgresql.org/docs/15/runtime-config-logging.html#GUC-APPLICATION-NAME
    private static let limit = 63

    /// Whatever comes from outside becomes letters, digits and a few signs, and is cut where Postgres would cut it.
    static func bounded(_ name: String) -> String {
        let kept = name.unicodeScalars.filter { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", ":", " ": true
            default: false
            }
        }
        return String(String.UnicodeScalarView(kept.prefix(limit)))
    }
}
