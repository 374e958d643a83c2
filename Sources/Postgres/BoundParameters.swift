/// The binds of one statement as libpq wants them: one block of bytes, and where in it each value stands.
struct BoundParameters {
    private var bytes: [UInt8] = []
    /// Nil: NULL.
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// Throws for text that holds a NUL, which Postgres cannot keep and C would take for the end.
    init(_ binds: [Bind], query: String) throws(PostgresError) {
        bytes.reserveCapacity(binds.reduce(0) { $0 + $1.byteCount + 1 })
        for bind in binds {
            offsets.append(bind == .null ? nil : bytes.count)
            formats.append(bind.isBinary ? 1 : 0)
            let start = bytes.count
            switch bind {
            case .null: break
            case .text(let text):
                bytes += text.utf8
                guard !bytes[start...].contains(0) else {
                    throw PostgresError(.value, "a text value holds a NUL", sqlState: "22021", query: query)
                }
            case .utf8(let value), .bytes(let value): bytes += value
            }
            lengths.append(Int32(bytes.count - start))
            bytes.append(0)
        }
    }

    func withPointers<R>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> R
    ) -> R {
        bytes.withUnsafeBytes { block in
            let base = block.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers = offsets.map { offset in offset.flatMap { base?.advanced(by: $0) }.map { UnsafePointer($0) } }
            return body(pointers, lengths, formats)
        }
    }
}

extension Bind {
    fileprivate var byteCount: Int {
        switch self {
        case .null: 0
        case .text(let text): text.utf8.count
        case .utf8(let value), .bytes(let value): value.count
        }
    }

    fileprivate var isBinary: Bool {
        switch self {
        case .null, .text: false
        case .utf8, .bytes: true
        }
    }

    /// 0: the server infers it. Source: pg_type.dat
    var type: UInt32 {
        switch self {
        case .null, .text: 0
        case .utf8: 25
        case .bytes: 17
        }
    }
}
