import Market

/// One product of a replay: its book and its trades as of some instant.
struct ReplayedMarket {
    /// Enough for hours of a busy product, and 1 MB at most.
    static let tapeCapacity = 16_384

    private(set) var book: OrderBook?
    private(set) var tape = TradeTape(capacity: tapeCapacity)
    /// Added to the capture's sequences: a second pass goes on where the first ended.
    private var sequenceOffset: Int64 = 0
    private var isFirstMatchOfPass = true
    private var awaitsSnapshot = true

    mutating func apply(_ message: FeedMessage) throws(ReplayFault) {
        switch message {
        case .snapshot(_, let asks, let bids): try replaceBook(asks: asks, bids: bids)
        case .update(_, let changes): try change(changes)
        case .match(_, let trade): try append(trade)
        case .other: break
        }
    }

    private mutating func replaceBook(asks: [PriceLevel], bids: [PriceLevel]) throws(ReplayFault) {
        do throws(BookError) { book = try OrderBook(asks: asks, bids: bids) } catch { throw .book(error) }
        awaitsSnapshot = false
    }

    private mutating func change(_ changes: [FeedMessage.Change]) throws(ReplayFault) {
        guard !awaitsSnapshot else { throw .updateBeforeSnapshot }
        do throws(BookError) {
            for change in changes { try book?.set(change.side, price: change.price, size: change.size) }
        } catch {
            throw .book(error)
        }
    }

    private mutating func append(_ given: Trade) throws(ReplayFault) {
        if isFirstMatchOfPass, given.sequence + sequenceOffset <= tape.sequence { sequenceOffset = tape.sequence + 1 - given.sequence }
        isFirstMatchOfPass = false
        var trade = given
        trade.sequence += sequenceOffset
        guard tape.append(trade) else { throw .repeatedSequence(given.sequence) }
    }

    /// The capture begins again. The trades stay; the old book, too, stands until the new snapshot unless `keepingBook` is false.
    mutating func beginPass(keepingBook: Bool) {
        awaitsSnapshot = true
        isFirstMatchOfPass = true
        if !keepingBook { book = nil }
    }
}

/// A message that is well formed and yet cannot be true.
enum ReplayFault: Error, Equatable, CustomStringConvertible {
    case updateBeforeSnapshot
    case repeatedSequence(Int64)
    case book(BookError)

    var description: String {
        switch self {
        case .updateBeforeSnapshot: "an update before the product's snapshot"
        case .repeatedSequence(let sequence): "a match whose sequence \(sequence) does not rise"
        case .book(let error): error.description
        }
    }
}
