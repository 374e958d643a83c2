import Market

/// Reads a whole answer; what `read` finds wrong is a change of the venue's if the body is JSON, and a broken body if it is not.
func answer<R>(_ body: [UInt8], _ read: (inout JSONReader) throws(JSONError) -> R) throws(AnswerError) -> R {
    do throws(JSONError) {
        return try JSONReader.read(body, read)
    } catch {
        let isJSON = (try? JSONReader.read(body) { reader throws(JSONError) in try reader.skip() }) != nil
        throw AnswerError(isJSON ? .changedShape : .unreadable, "\(error)" + excerpt(body))
    }
}

extension JSONReader {
    enum RowShape { case array, object }

    /// The elements of an array. One that `read` cannot read is set aside, and the others are read; nil: a row that nobody asked for.
    ///
    /// Throws if this is not JSON, and if no row is of that shape.
    mutating func rows<Row>(
        _ shape: RowShape, _ read: (inout JSONReader) throws(JSONError) -> Row?
    ) throws(JSONError) -> ParsedRows<Row> {
        var parsed = ParsedRows<Row>()
        var (position, ofOtherShape) = (0, 0)
        try array { reader throws(JSONError) in
            let start = reader.peek
            // A row of nothing is a bad row, not another API.
            if start != UInt8(ascii: shape == .array ? "[" : "{"), start != UInt8(ascii: "n") { ofOtherShape += 1 }
            let place = reader.offset
            try reader.row(position, into: &parsed, read)
            // Rows are about as long as the first: one piece of memory for all of them.
            if position == 0 { parsed.rows.reserveCapacity(min((reader.bytes.count - place) / max(reader.offset - place, 1) + 1, 4096)) }
            position += 1
        }
        guard position == 0 || ofOtherShape < position else { throw error("no row is an \(shape)") }
        return parsed
    }

    /// As `rows`, where a single one may come without the array.
    mutating func rowsOrOne<Row>(_ read: (inout JSONReader) throws(JSONError) -> Row?) throws(JSONError) -> ParsedRows<Row> {
        guard peek == UInt8(ascii: "{") else { return try rows(.object, read) }
        var parsed = ParsedRows<Row>()
        try row(0, into: &parsed, read)
        return parsed
    }

    /// The members of an object, as rows with a name.
    mutating func namedRows<Row>(
        _ read: (inout JSONReader, String) throws(JSONError) -> Row?
    ) throws(JSONError) -> ParsedRows<Row> {
        var parsed = ParsedRows<Row>()
        var position = 0
        try object { reader, name throws(JSONError) in
            let name = name.text
            try reader.row(position, into: &parsed) { reader throws(JSONError) in try read(&reader, name) }
            position += 1
        }
        return parsed
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

    /// `[["price","size",…],…]`, best first.
    /// - Parameter ordersColumn: where orders are counted, from 0.
    mutating func depthLevels(ordersColumn: Int? = nil) throws(JSONError) -> ParsedRows<DepthLevel> {
        try rows(.array) { reader throws(JSONError) in
            try reader.begin()
            var level = DepthLevel(price: try reader.number(), size: try reader.nextNumber())
            var column = 2
            while reader.accept(",") {
                if column == ordersColumn { level.orders = try reader.whole() } else { try reader.skip() }
                column += 1
            }
            try reader.end()
            return level
        }
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

/// What a venue calls the parts of a book.
struct DepthNames {
    var bids: StaticString = "bids"
    var asks: StaticString = "asks"
    var sequence: StaticString?
    var time: (name: StaticString, form: TimeForm)?
    var ordersColumn: Int?
}

extension JSONReader {
    mutating func depth(_ names: DepthNames) throws(JSONError) -> Depth {
        var (sequence, time): (Int64?, Int64?)
        var (bids, asks): (ParsedRows<DepthLevel>?, ParsedRows<DepthLevel>?)
        try object { reader, name throws(JSONError) in
            if names.bids ~= name {
                bids = try reader.depthLevels(ordersColumn: names.ordersColumn)
            } else if names.asks ~= name {
                asks = try reader.depthLevels(ordersColumn: names.ordersColumn)
            } else if let wanted = names.sequence, wanted ~= name {
                sequence = try reader.optionalWhole()
            } else if let wanted = names.time, wanted.name ~= name {
                time = try reader.milliseconds(wanted.form)
            } else {
                try reader.skip()
            }
        }
        let (read, offered) = (try required(bids, names.bids), try required(asks, names.asks))
        let moved = offered.rejected.map { row in
            RejectedRow(position: read.rows.count + read.rejected.count + row.position, reason: row.reason, text: row.text)
        }
        return Depth(
            time: time, sequence: sequence, bids: read.rows.map(\.row), asks: offered.rows.map(\.row), rejected: read.rejected + moved)
    }
}
