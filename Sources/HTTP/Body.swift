/// Bytes that stand somewhere already and are lent, so that they reach the socket without a copy.
public protocol ByteSource {
    /// The memory is valid only within `body`.
    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R
}

extension String: ByteSource {
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        var text = self
        return try text.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    }
}

extension [UInt8]: ByteSource {
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R { try withUnsafeBytes(body) }
}

/// What a response carries after its headers.
public enum Body {
    case empty
    case text(String)
    case bytes([UInt8])
    /// Sent one after the other; the way for large cells of a query's result.
    case parts([any ByteSource])

    /// In bytes.
    public var count: Int {
        switch self {
        case .empty: 0
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .parts(let parts): parts.reduce(0) { $0 + Body.length(of: $1) }
        }
    }

    /// Lends the pieces in order, until `send` returns false; returns what the last call did.
    public func forEachPiece(_ send: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        switch self {
        case .empty: true
        case .text(let text): text.withBytes(send)
        case .bytes(let bytes): bytes.withBytes(send)
        case .parts(let parts): parts.allSatisfy { $0.withBytes(send) }
        }
    }

    /// The whole in one piece, copied; for tests and small bodies.
    public var contents: [UInt8] {
        var all: [UInt8] = []
        all.reserveCapacity(count)
        _ = forEachPiece {
            all.append(contentsOf: $0)
            return true
        }
        return all
    }

    /// `String.count` is its characters, and as a `ByteSource` its bytes are meant.
    private static func length(of part: some ByteSource) -> Int { part.withBytes { $0.count } }
}
