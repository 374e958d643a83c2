/// COPY's text format. Source: https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.2
enum CopyText {
    /// Throws for text that holds a NUL.
    static func append(_ row: [any SQLValue], to buffer: inout [UInt8], query: String) throws(PostgresError) {
        for (i, value) in row.enumerated() {
            if i > 0 { buffer.append(UInt8(ascii: "\t")) }
            switch value.bind {
            case .null: buffer += "\\N".utf8
            case .text(let text): try append(text.utf8, to: &buffer, query)
            case .utf8(let bytes): try append(bytes, to: &buffer, query)
            case .bytes(let bytes):
                buffer += "\\\\x".utf8
                for byte in bytes { buffer += [hex[Int(byte >> 4)], hex[Int(byte & 15)]] }
            }
        }
        buffer.append(UInt8(ascii: "\n"))
    }

    private static let hex = Array("0123456789abcdef".utf8)

    private static func append(_ text: some Sequence<UInt8>, to buffer: inout [UInt8], _ query: String) throws(PostgresError) {
        for byte in text {
            switch byte {
            case 0: throw PostgresError(.value, "a text value holds a NUL", sqlState: "22021", query: query)
            case UInt8(ascii: "\\"): buffer += "\\\\".utf8
            case UInt8(ascii: "\n"): buffer += "\\n".utf8
            case UInt8(ascii: "\r"): buffer += "\\r".utf8
            case UInt8(ascii: "\t"): buffer += "\\t".utf8
            default: buffer.append(byte)
            }
        }
    }
}
