/// Cuts a file of candles between its rows, as its bytes come: the pieces are the same however it is handed over.
struct CandleFileCutter {
    private let container: CandleFileForm.Container
    private let limit: Int
    private var cut: [CandleFile.Piece] = []
    private(set) var isFinished = false

    /// What stands behind the last cut, and of JSON where the last whole row of it ends.
    private var rest: [UInt8] = []
    private var end = 0
    /// In `rest`.
    private var rows = 0
    private var firstRow = 1
    /// Bytes before the first row that are yet to come.
    private var headerLeft: Int
    private var nesting = JSONNesting()

    /// - Parameter rows: of a piece at most.
    init(_ form: CandleFileForm, rows: Int) {
        container = form.container
        headerLeft = form.container == .csv ? form.headerLength : 0
        limit = rows
    }

    var heldBytes: Int { rest.count }

    /// The next piece that is whole; nil if more must be added first.
    mutating func next() -> CandleFile.Piece? { cut.isEmpty ? nil : cut.removeFirst() }

    mutating func add(_ chunk: [UInt8]) {
        switch container {
        case .csv: addLines(chunk)
        case .json: addArray(chunk)
        }
    }

    /// Nothing more comes.
    mutating func finish() {
        isFinished = true
        switch container {
        case .csv: if rest.contains(where: { $0 > 0x20 }) { give(rest) }
        case .json: finishArray()
        }
        rest = []
    }

    private mutating func give(_ bytes: [UInt8]) {
        cut.append(CandleFile.Piece(firstRow: firstRow, bytes: bytes))
        firstRow += rows
        rows = 0
    }

    private mutating func addLines(_ chunk: [UInt8]) {
        var start = min(headerLeft, chunk.count)
        headerLeft -= start
        for index in start..<chunk.count where chunk[index] == UInt8(ascii: "\n") {
            rows += 1
            guard rows == limit else { continue }
            give(rest + chunk[start...index])
            (rest, start) = ([], index + 1)
        }
        rest += chunk[start...]
    }
}

// MARK: - JSON

/// Rows are what commas right in the outer array part; one may be anything.
extension CandleFileCutter {
    private mutating func addArray(_ chunk: [UInt8]) {
        // Where the next piece begins.
        var (start, index) = (0, rest.count)
        rest += chunk
        while index < rest.count {
            switch nesting.pass(rest[index]) {
            case .opened where nesting.depth == 1: giveArray(&start, next: index + 1)
            case .closed where nesting.depth == 1: end = index + 1
            case .closed where nesting.depth == 0:
                end = index
                giveArray(&start, next: index + 1)
            case .parted where nesting.depth == 1:
                (end, rows) = (index, rows + 1)
                if rows == limit { giveArray(&start, next: index + 1) }
            default: break
            }
            index += 1
        }
        rest.removeSubrange(..<start)
        end -= start
    }

    private mutating func giveArray(_ start: inout Int, next: Int) {
        if let piece = Self.array(rest[start..<end]) { give(piece) }
        (start, end, rows) = (next, next, 0)
    }

    /// Of a file that was cut off, or goes on behind its end, what is left must not vanish without a word.
    private mutating func finishArray() {
        var start = 0
        giveArray(&start, next: end)
        let left = rest[start...].drop { $0 <= 0x20 || $0 == UInt8(ascii: ",") }
        if nesting.depth > 0 || !left.isEmpty { give([UInt8(ascii: "[")] + left) }
    }

    /// Nil: of nothing.
    private static func array(_ rows: ArraySlice<UInt8>) -> [UInt8]? {
        let trimmed = rows.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
        return trimmed.isEmpty ? nil : [UInt8(ascii: "[")] + trimmed + [UInt8(ascii: "]")]
    }
}

/// How deep in arrays and objects a byte of JSON stands; what a string holds does not count.
private struct JSONNesting {
    enum Step { case opened, closed, parted, other }

    private(set) var depth = 0
    private var isInString = false
    private var isEscaped = false

    mutating func pass(_ byte: UInt8) -> Step {
        if isInString {
            isInString = isEscaped || byte != UInt8(ascii: "\"")
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            return .other
        }
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            depth += 1
            return .opened
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            depth -= 1
            return .closed
        case UInt8(ascii: ","): return .parted
        case UInt8(ascii: "\""): isInString = true
        default: break
        }
        return .other
    }
}
