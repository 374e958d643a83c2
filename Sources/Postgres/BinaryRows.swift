/// Rows in COPY's binary format, put together value by value: `beginRow()`, then a value for each column.
///
/// Source: https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4
public struct BinaryRows: Sendable {
    public let columns: Int
    /// Rows begun.
    public private(set) var count = 0
    /// What has been written stands before `end`; behind it is room.
    private var bytes: [UInt8]
    private var end = 0
    private var rowStart = 0
    /// The rows that count, if not all of them as they were written.
    private var taken: [Span]?

    /// - Parameter reserving: bytes that will probably be needed.
    public init(columns: Int, reserving: Int = 1 << 16) {
        self.columns = columns
        bytes = [UInt8](repeating: 0, count: max(reserving, 256))
    }

    public var byteCount: Int { end }

    /// Keeps the memory.
    public mutating func removeAll() { (count, end, rowStart, taken) = (0, 0, 0, nil) }

    public mutating func beginRow() {
        count += 1
        rowStart = end
        write(Int16(columns))
    }

    public mutating func appendNull() { write(Int32(-1)) }

    public mutating func append(_ value: Int32) { write(UInt64(4) << 32 | UInt64(UInt32(bitPattern: value))) }

    public mutating func append(_ value: Int64) { write(Int32(8), value) }

    /// A `timestamptz` of milliseconds since 1970 UTC.
    public mutating func append(milliseconds: Int64) { append((milliseconds - Timestamp.epoch * 1000) * 1000) }

    /// A `text`; the server refuses one that holds a NUL.
    public mutating func append(text: String) {
        var text = text
        text.withUTF8 { utf8 in
            write(Int32(utf8.count))
            append(raw: UnsafeRawBufferPointer(utf8))
        }
    }

    /// A `numeric`: `significand · 10^-scale`. The scale is from 0 to 16,383, the number written with so many digits after the point.
    public mutating func append(significand: Int128, scale: Int) {
        let magnitude = significand.magnitude
        let sign: UInt16 = significand < 0 ? 0x4000 : 0
        if let magnitude = UInt64(exactly: magnitude), magnitude <= ShortNumeric.limit {
            let digits = ShortNumeric(magnitude, scale: scale)
            writeHeader(count: digits.count, weight: digits.weight, sign: sign, scale: scale)
            // What is written behind the last digit is room, and the next value's.
            write(digits.leading)
            end -= MemoryLayout<UInt128>.size - 2 * digits.count
        } else {
            let digits = NumericDigits(magnitude, scale: scale)
            writeHeader(count: digits.count, weight: digits.weight, sign: sign, scale: scale)
            for place in stride(from: digits.count - 1, through: 0, by: -1) { write(digits[place]) }
        }
    }

    private mutating func writeHeader(count: Int, weight: Int, sign: UInt16, scale: Int) {
        let weight = UInt16(bitPattern: Int16(weight))
        write(Int32(8 + 2 * count), UInt64(count) << 48 | UInt64(weight) << 32 | UInt64(sign) << 16 | UInt64(scale))
    }

    /// The first columns of many rows, put together once.
    public struct Start: Sendable {
        fileprivate let bytes: [UInt8]
    }

    /// - Parameter texts: of the first columns, all of them `text`.
    public static func start(_ texts: String...) -> Start {
        var row = BinaryRows(columns: 0, reserving: 256)
        for text in texts { row.append(text: text) }
        return Start(bytes: Array(row.bytes[..<row.end]))
    }

    /// The values after those of `start` are still to come.
    public mutating func beginRow(_ start: Start) {
        beginRow()
        start.bytes.withUnsafeBytes { append(raw: $0) }
    }

    /// Where a row stands among others.
    public struct Span: Sendable {
        fileprivate let start: Int
        fileprivate let end: Int
    }

    /// The row begun last, once all of its columns are there.
    public var lastRow: Span { Span(start: rowStart, end: end) }

    /// Only these rows, in this order. Nothing is moved: rows are put in order when they are sent.
    public func taking(_ spans: [Span]) -> BinaryRows {
        var rows = self
        (rows.taken, rows.count) = (spans, spans.count)
        return rows
    }

    /// For `body`, pieces of a size that a socket takes well.
    func forEachChunk(_ body: (UnsafeRawBufferPointer) throws(PostgresError) -> Void) throws(PostgresError) {
        try bytes.withUnsafeBufferPointer { bytes throws(PostgresError) in
            let bytes = UnsafeRawBufferPointer(bytes)
            guard let taken else {
                for start in stride(from: 0, to: end, by: Self.chunk) {
                    try body(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.chunk, end)]))
                }
                return
            }
            var chunk = BinaryRows(columns: columns, reserving: Self.chunk)
            for span in taken {
                if chunk.end + span.end - span.start > Self.chunk { try chunk.flush(body) }
                chunk.append(raw: UnsafeRawBufferPointer(rebasing: bytes[span.start..<span.end]))
            }
            try chunk.flush(body)
        }
    }

    private mutating func flush(_ body: (UnsafeRawBufferPointer) throws(PostgresError) -> Void) throws(PostgresError) {
        guard end > 0 else { return }
        try bytes.withUnsafeBufferPointer { bytes throws(PostgresError) in
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<end]))
        }
        end = 0
    }

    private static let chunk = 128 << 10

    /// Signature, flags, no extension.
    static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)
    static let trailer: [UInt8] = [0xFF, 0xFF]

    private mutating func write<T: FixedWidthInteger>(_ value: T) {
        let size = MemoryLayout<T>.size
        makeRoom(size)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.bigEndian, toByteOffset: end, as: T.self) }
        end += size
    }

    /// Both at once: most of what is written is a length and a value.
    private mutating func write<T: FixedWidthInteger>(_ length: Int32, _ value: T) {
        let size = MemoryLayout<Int32>.size + MemoryLayout<T>.size
        makeRoom(size)
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: length.bigEndian, toByteOffset: end, as: Int32.self)
            $0.storeBytes(of: value.bigEndian, toByteOffset: end + MemoryLayout<Int32>.size, as: T.self)
        }
        end += size
    }

    private mutating func append(raw: UnsafeRawBufferPointer) {
        makeRoom(raw.count)
        bytes.withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[end..<end + raw.count]).copyMemory(from: raw) }
        end += raw.count
    }

    private mutating func makeRoom(_ size: Int) {
        guard end + size > bytes.count else { return }
        reserveCapacity(max(2 * bytes.count, end + size))
    }

    /// Makes room for so many bytes, if there is less.
    public mutating func reserveCapacity(_ capacity: Int) {
        guard capacity > bytes.count else { return }
        let written = bytes[..<end]
        bytes = [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
            let rest = room.initialize(fromContentsOf: written)
            room[rest...].initialize(repeating: 0)
            count = capacity
        }
    }
}
