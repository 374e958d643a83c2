public import FoundationEssentials

extension Row {
    public func text(_ column: Int) throws(PostgresError) -> String { try required(textOrNil(column), column) }
    public func int(_ column: Int) throws(PostgresError) -> Int { try required(intOrNil(column), column) }
    public func int64(_ column: Int) throws(PostgresError) -> Int64 { try required(int64OrNil(column), column) }
    public func double(_ column: Int) throws(PostgresError) -> Double { try required(doubleOrNil(column), column) }
    public func decimal(_ column: Int) throws(PostgresError) -> Decimal { try required(decimalOrNil(column), column) }
    public func bool(_ column: Int) throws(PostgresError) -> Bool { try required(boolOrNil(column), column) }
    public func date(_ column: Int) throws(PostgresError) -> Date { try required(dateOrNil(column), column) }
    public func bytes(_ column: Int) throws(PostgresError) -> [UInt8] { try required(bytesOrNil(column), column) }
    /// Any one-dimensional array of numbers; NULL elements are nil, NaN stays NaN.
    public func doubles(_ column: Int) throws(PostgresError) -> [Double?] { try required(doublesOrNil(column), column) }

    /// Every type in text format; text and json also in binary format.
    public func textOrNil(_ column: Int) throws(PostgresError) -> String? {
        try value(column, "text") { field in
            guard !field.isBinary || field.isText else { return nil }
            return String(decoding: field.bytes, as: UTF8.self)
        }
    }

    public func intOrNil(_ column: Int) throws(PostgresError) -> Int? { try int64OrNil(column).map { Int($0) } }

    public func int64OrNil(_ column: Int) throws(PostgresError) -> Int64? {
        try value(column, "an integer") { field in field.isBinary ? field.binaryInteger : Int64(field.string) }
    }

    /// Any number: integers, `numeric` and floats, to the nearest `Double`.
    public func doubleOrNil(_ column: Int) throws(PostgresError) -> Double? {
        try value(column, "a number") { field in field.isBinary ? field.binaryDouble : Double(field.string) }
    }

    /// Exact: more than 38 significant digits, NaN and infinity throw.
    public func decimalOrNil(_ column: Int) throws(PostgresError) -> Decimal? {
        try value(column, "a decimal number") { field in
            guard field.isBinary else { return Decimal(strict: field.string) }
            return field.type == .numeric
                ? BinaryNumeric(field.bytes)?.text.flatMap { Decimal(strict: $0) } : field.binaryInteger.map { Decimal($0) }
        }
    }

    public func boolOrNil(_ column: Int) throws(PostgresError) -> Bool? {
        try value(column, "a truth value") { field in
            guard field.bytes.count == 1, let byte = field.bytes.first else { return nil }
            if field.isBinary { return byte == 0 ? false : true }
            return byte == UInt8(ascii: "t") ? true : byte == UInt8(ascii: "f") ? false : nil
        }
    }

    /// A `timestamptz`.
    public func dateOrNil(_ column: Int) throws(PostgresError) -> Date? {
        try value(column, "a time with zone") { field in
            guard field.isBinary else { return Timestamp.date(field.string) }
            guard field.type == .timestamptz, let microseconds = field.binaryInteger, abs(microseconds) < .max else { return nil }
            return Timestamp.date(binary: microseconds)
        }
    }

    /// A `bytea`.
    public func bytesOrNil(_ column: Int) throws(PostgresError) -> [UInt8]? {
        try value(column, "bytes") { field in field.isBinary ? Array(field.bytes) : field.hexBytes }
    }

    public func doublesOrNil(_ column: Int) throws(PostgresError) -> [Double?]? {
        try value(column, "an array of numbers") { field in
            field.isBinary ? NumberArray.parse(binary: field.bytes) : NumberArray.parse(text: field.bytes)
        }
    }

    private func value<T>(_ column: Int, _ expected: String, _ decode: (Field) -> T?) throws(PostgresError) -> T? {
        guard column < result.columnCount else {
            throw PostgresError(.decode, "column \(column) of a result that has \(result.columnCount)")
        }
        guard let bytes = result.bytes(index, column) else { return nil }
        defer { withExtendedLifetime(result) {} }
        let field = Field(bytes: bytes, type: Field.ValueType(rawValue: result.columnType(column)), isBinary: result.isBinary(column))
        guard let value = decode(field) else {
            throw PostgresError(.decode, "column \(column) (\(result.columnName(column))) of row \(index) is not \(expected)")
        }
        return value
    }

    private func required<T>(_ value: T?, _ column: Int) throws(PostgresError) -> T {
        guard let value else { throw PostgresError(.decode, "column \(column) (\(result.columnName(column))) of row \(index) is NULL") }
        return value
    }
}
