import HTTP
import Postgres

/// A value in libpq's memory, sent from where it stands.
struct CellSource: ByteSource {
    let cell: Cell

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R { try cell.withBytes(body) }
}

extension Cell {
    /// The value as a JSON string without its quotation marks: as it is, unless it holds what JSON must escape.
    ///
    /// Base64 never does, but the column is `text`, and any writer may have filled it.
    var jsonCharacters: any ByteSource {
        if withBytes(JSONText.needsNoEscape) { return CellSource(cell: self) }
        return String(JSONText.quoted(text).dropFirst().dropLast())
    }
}
