internal import CISAL

/// Whole gzip files of one member (RFC 1952).
public enum Gzip {
    /// Equal bytes become equal files: neither a time nor a name is in them. Nil from about 4 GB on.
    public static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var compressor = Compressor(.gzip)
        return compressor.compress(bytes)
    }

    /// Verifies the checksum and the length; a second member or anything else after the first is an error.
    ///
    /// - Parameter limit: of the result in bytes. No more is ever allocated, whatever the file says of itself.
    public static func decompress(_ file: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        guard file.count >= minimum else { throw file.starts(with: magic) ? .truncated : .notGzip }
        // The last four bytes are the length, if the file is whole; if it is not, ISA-L finds out.
        let length = file.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard file.starts(with: magic) else { throw .notGzip }
        var end = CISAL_WHOLE
        let bytes = [UInt8](unsafeUninitializedCapacity: min(length, limit)) { output, count in
            end = cisal_decompress(file, file.count, output.baseAddress, min(length, limit), &count)
        }
        switch end {
        case CISAL_WHOLE: return bytes
        case CISAL_TRUNCATED: throw .truncated
        // The length is wrong because bytes are missing or too many at the end, or it is right and too much for us.
        case CISAL_TOO_LONG: throw length > limit ? .tooLong(limit: limit) : .truncated
        case CISAL_CHECKSUM: throw .checksum
        case CISAL_TRAILING: throw .trailing
        default: throw .damaged
        }
    }

    private static let magic: [UInt8] = [0x1f, 0x8b]
    /// Header, the shortest block and the trailer.
    private static let minimum = 10 + 2 + 8
}

/// A file that is not one whole, sound gzip member.
public enum GzipError: Error, Equatable, CustomStringConvertible {
    case notGzip
    case truncated
    /// The compressed data make no sense.
    case damaged
    /// The content is not what its checksum and its length say.
    case checksum
    /// More follows after the end.
    case trailing
    case tooLong(limit: Int)

    public var description: String {
        switch self {
        case .notGzip: "not a gzip file"
        case .truncated: "the gzip file is cut short, or its length is wrong"
        case .damaged: "the compressed data are damaged"
        case .checksum: "the content differs from its checksum"
        case .trailing: "something follows the end of the gzip file"
        case .tooLong(let limit): "unpacked it is longer than \(limit) bytes"
        }
    }
}
