import Market

/// Reads a whole answer; what `read` finds wrong is a change of the venue's if the body is JSON, and a broken body if it is not; only that
/// it is about another market says nothing of the shape.
func answer<R>(_ body: [UInt8], _ read: (inout JSONReader) throws(JSONError) -> R) throws(AnswerError) -> R {
    do throws(JSONError) {
        return try JSONReader.read(body, read)
    } catch {
        let isJSON = (try? JSONReader.read(body) { reader throws(JSONError) in try reader.skip() }) != nil
        let fault: AnswerError.Fault = !isJSON ? .unreadable : error.isOfOtherMarket ? .otherMarket : .changedShape
        throw AnswerError(fault, "\(error)" + excerpt(body))
    }
}

extension JSONReader {
    enum RowShape {
        case array, object, string

        fileprivate var opening: UInt8 {
            switch self {
            case .array: UInt8(ascii: "[")
            case .object: UInt8(ascii: "{")
            case .string: UInt8(ascii: "\"")
            }
        }
    }

    /// The elements of an array. One that `read` cannot read is set aside, and the others are read; nil: a row that nobody asked for.
    ///
    /// Throws if this is not JSON, if no row is of that shape, and, unless they are only a `part` of the answer's rows, if there are several
    /// and none of them can be read.
    mutating func rows<Row>(
        _ shape: RowShape, part isPart: Bool = false, _ read: (inout JSONReader) throws(JSONError) -> Row?
    ) throws(JSONError) -> ParsedRows<Row> {
        var rows = RowsBeingRead<Row>(shape)
        try array { reader throws(JSONError) in try rows.read(&reader, read) }
        let parsed = try rows.complete(self)
        if !isPart { try requireReadable(parsed.rejected, of: rows.count) }
        return parsed
    }

    /// As `rows` of objects; `orOne`: one was asked for, and may come without the array.
    mutating func rows<Row>(
        orOne mayBeOne: Bool, _ read: (inout JSONReader) throws(JSONError) -> Row?
    ) throws(JSONError) -> ParsedRows<Row> {
        guard mayBeOne, peek == UInt8(ascii: "{") else { return try rows(.object, read) }
        var parsed = ParsedRows<Row>()
        try row(0, into: &parsed, read)
        return parsed
    }

    /// The members of an object, which are objects, as rows with a name.
    mutating func namedRows<Row>(
        _ read: (inout JSONReader, String) throws(JSONError) -> Row?
    ) throws(JSONError) -> ParsedRows<Row> {
        var rows = RowsBeingRead<Row>(.object)
        try object { reader, name throws(JSONError) in
            let name = name.text
            try rows.read(&reader) { reader throws(JSONError) in try read(&reader, name) }
        }
        let parsed = try rows.complete(self)
        try requireReadable(parsed.rejected, of: rows.count)
        return parsed
    }

    /// Throws if none of an answer's rows can be read. Of one row nobody can say whether it or the API is at fault, and one of nothing is a
    /// bad row; of several all at once only the API is.
    func requireReadable(_ rejected: [RejectedRow], of count: Int) throws(JSONError) {
        guard count > 1, rejected.count == count, !rejected.contains(where: { $0.text == "null" }) else { return }
        throw error("none of \(count) rows can be read, the first because of \(rejected[0].reason)")
    }

    /// Reads one row, or sets it aside.
    mutating func row<Row>(
        _ position: Int, into parsed: inout ParsedRows<Row>, _ read: (inout JSONReader) throws(JSONError) -> Row?
    ) throws(JSONError) {
        skipBlanks()
        let (start, outside) = (offset, depth)
        do throws(JSONError) {
            if let row = try read(&self) { parsed.rows.append((position, row)) }
        } catch {
            (offset, depth) = (start, outside)
            try skip()
            let reason = "byte \(max(error.offset - start, 0)): \(error.reason)"
            parsed.rejected.append(RejectedRow(position: position, reason: reason, text: printable(bytes[start..<offset], limit: 500)))
        }
    }

    /// `,` and a number.
    mutating func nextNumber() throws(JSONError) -> WireDecimal {
        try comma()
        return try number()
    }

    mutating func nextWhole() throws(JSONError) -> Int64 {
        try comma()
        return try whole()
    }
}

/// The rows of an answer, of which at least one should be of the shape.
private struct RowsBeingRead<Row: Sendable> {
    private let shape: JSONReader.RowShape
    private var parsed = ParsedRows<Row>()
    private(set) var count = 0
    private var ofOtherShape = 0

    init(_ shape: JSONReader.RowShape) { self.shape = shape }

    mutating func read(_ reader: inout JSONReader, _ read: (inout JSONReader) throws(JSONError) -> Row?) throws(JSONError) {
        let start = reader.peek
        // A row of nothing is a bad row, not another API.
        if start != shape.opening, start != UInt8(ascii: "n") { ofOtherShape += 1 }
        let place = reader.offset
        try reader.row(count, into: &parsed, read)
        // Rows are about as long as the first: one piece of memory for all of them.
        if count == 0 { parsed.rows.reserveCapacity(min((reader.bytes.count - place) / max(reader.offset - place, 1) + 1, 4096)) }
        count += 1
    }

    func complete(_ reader: JSONReader) throws(JSONError) -> ParsedRows<Row> {
        guard count == 0 || ofOtherShape < count else { throw reader.error("no row is an \(shape)") }
        return parsed
    }
}

extension ParsedRows where Row == Candle {
    /// In the order of time, and rows of one time in the venue's.
    var oldestFirst: Self { sorted { $0.openTime } }
}

extension ParsedRows where Row == PublicTrade {
    /// Trades of one moment stay in the order in which they happened.
    var oldestFirst: Self { sorted { $0.time } }
}

extension ParsedRows {
    private func sorted(by time: (Row) -> Int64) -> Self {
        let pairs = zip(rows, rows.dropFirst())
        if pairs.allSatisfy({ time($0.row) <= time($1.row) }) { return self }
        var copy = self
        if pairs.allSatisfy({ time($0.row) >= time($1.row) }) {
            copy.rows.reverse()
        } else {
            copy.rows.sort { (time($0.row), $0.position) < (time($1.row), $1.position) }
        }
        return copy
    }
}
