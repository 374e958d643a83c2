public import FoundationEssentials
import Glibc

/// A file of candles on disk, read in pieces of whole rows: in bounded memory, however long it is.
///
/// One owner, one thread at a time.
public final class CandleFile {
    /// Rows of it, byte for byte; of JSON an array of them.
    public struct Piece: Equatable, Sendable {
        /// Place of its first row among those of the file, from 1; of CSV any line below the header counts, a blank one too.
        public let firstRow: Int
        public let bytes: [UInt8]
    }

    public let path: String
    public let form: CandleFileForm
    /// Bytes.
    public let length: Int
    public let modifiedAt: Date
    /// Bytes that were read since the beginning.
    public private(set) var offset = 0
    private let descriptor: OpenFile
    private let pieceRows: Int
    private var cutter: CandleFileCutter

    /// Where a file's layout must be seen.
    private static let headBytes = 128 << 10
    private static let chunkBytes = 256 << 10
    /// Of one piece, far beyond what rows of candles take.
    private static let pieceBytes = 32 << 20

    /// Without its folder.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Throws what keeps candles from being made of it.
    public init(path: String, rowsOfPiece: Int) throws(CandleFileError) {
        self.path = path
        pieceRows = rowsOfPiece
        descriptor = try OpenFile(path)
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { throw CandleFileError("\(path) cannot be read: \(OpenFile.fault)") }
        // It is read twice.
        guard status.st_mode & S_IFMT == S_IFREG else { throw CandleFileError("\(path) is no regular file") }
        length = Int(status.st_size)
        modifiedAt = Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
        let head = try descriptor.read(Self.headBytes)
        do { form = try CandleFileForm(of: head) } catch { throw CandleFileError("\(path): \(error)") }
        cutter = CandleFileCutter(form, rows: rowsOfPiece)
        try rewind()
    }

    /// Back to the first piece.
    public func rewind() throws(CandleFileError) {
        try descriptor.rewind()
        (offset, cutter) = (0, CandleFileCutter(form, rows: pieceRows))
    }

    /// Nil at the end.
    public func nextPiece() throws(CandleFileError) -> Piece? {
        while true {
            if let piece = cutter.next() { return piece }
            guard !cutter.isFinished else { return nil }
            // What is written to it meanwhile is another file's.
            let chunk = try descriptor.read(min(Self.chunkBytes, length - offset))
            offset += chunk.count
            if chunk.isEmpty { cutter.finish() } else { cutter.add(chunk) }
            guard cutter.heldBytes <= Self.pieceBytes else {
                throw CandleFileError("\(path): \(pieceRows) rows of it are longer than \(Self.pieceBytes) bytes")
            }
        }
    }
}

/// A descriptor that is closed with its owner.
private final class OpenFile {
    let number: Int32
    private let path: String

    static var fault: String { String(cString: strerror(errno)) }

    init(_ path: String) throws(CandleFileError) {
        self.path = path
        // Of a FIFO, opening alone would wait for whoever writes to it.
        number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else {
            throw CandleFileError(
                errno == ENOENT ? "there is no file \(path)" : "\(path) cannot be read: \(Self.fault)", isUnopened: true)
        }
    }

    deinit { close(number) }

    func rewind() throws(CandleFileError) {
        guard lseek(number, 0, SEEK_SET) == 0 else { throw CandleFileError("\(path) cannot be read: \(Self.fault)") }
    }

    /// At most so many bytes; none at the end.
    func read(_ limit: Int) throws(CandleFileError) -> [UInt8] {
        var isSound = true
        let bytes = [UInt8](unsafeUninitializedCapacity: max(limit, 0)) { memory, filled in
            guard let start = memory.baseAddress else { return }
            var count = 0
            repeat { count = Glibc.read(number, start, memory.count) } while count < 0 && errno == EINTR
            (isSound, filled) = (count >= 0, max(0, count))
        }
        guard isSound else { throw CandleFileError("\(path) cannot be read: \(Self.fault)") }
        return bytes
    }
}
