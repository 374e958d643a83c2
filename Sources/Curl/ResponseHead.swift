/// Status and headers, built from the lines as libcurl hands them out.
struct ResponseHead {
    /// Bytes of all lines; a server that sends more is broken or means ill.
    static let limit = 64 << 10

    private(set) var status: Int?
    private(set) var fields: [Header] = []
    private var bytes = 0

    /// One line with its line end. False: over the limit.
    mutating func append(_ line: UnsafeRawBufferPointer) -> Bool {
        bytes += line.count
        guard bytes <= Self.limit else { return false }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // Another answer begins: after a redirect, or after 100 Continue.
            fields = []
            let parts = text.split(whereSeparator: \.isWhitespace)
            status = parts.count > 1 ? Int(parts[1]) : nil
        } else if let colon = text.firstIndex(of: ":") {
            fields.append(
                Header(text[..<colon].lowercased(), String(text[text.index(after: colon)...].trimmed)))
        }
        return true
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0.isWhitespace }
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return start.prefix(0) }
        return start[...end]
    }
}
