import FoundationEssentials
import Market

/// One product of a replay: its book and its trades as of some instant.
struct ReplayedMarket {
    /// Enough for hours of a busy product, and 1 MB at most.
    static let tapeCapacity = 16_384

    private(set) var book: OrderBook?
    /// Of the levels of `book`, if the feed has checksums.
    private var texts = LevelTexts()
    private(set) var tape = TradeTape(capacity: tapeCapacity)
    /// Added to the capture's sequences: a second pass goes on where the first ended.
    private var sequenceOffset: Int64 = 0
    private var isFirstTradeOfPass = true
    private var awaitsSnapshot = true
    /// The first time through the capture: its checksums say the same every time.
    private var isFirstPass = true

    /// - Throws: `ReplayFault`; after a wrong checksum the levels stand as the message told them.
    mutating func apply(_ message: FeedMessage) throws(ReplayFault) {
        switch message {
        case .snapshot(let levels): try replaceBook(levels)
        case .update(let levels): try change(levels)
        case .trades(_, let trades): for trade in trades { try append(trade) }
        case .other: break
        }
    }

    private mutating func replaceBook(_ levels: BookLevels) throws(ReplayFault) {
        do throws(BookError) {
            book = try OrderBook(asks: levels.asks.lazy.map(\.level), bids: levels.bids.lazy.map(\.level))
        } catch {
            throw .book(error)
        }
        texts = LevelTexts()
        for side in [OrderBook.Side.ask, .bid] where isFirstPass {
            for wire in levels[side] where wire.text != nil { texts[side, wire.level.price] = wire.text }
        }
        awaitsSnapshot = false
        try verify(levels.checksum)
    }

    private mutating func change(_ levels: BookLevels) throws(ReplayFault) {
        guard !awaitsSnapshot, book != nil else { throw .updateBeforeSnapshot }
        do throws(BookError) {
            for side in [OrderBook.Side.ask, .bid] {
                for wire in levels[side] {
                    try book?.set(side, price: wire.level.price, size: wire.level.size, orders: wire.level.orders)
                    if isFirstPass, wire.text != nil { texts[side, wire.level.price] = wire.level.size.isZero ? nil : wire.text }
                }
                if let depth = levels.depth { keepBest(depth, side) }
            }
        } catch {
            throw .book(error)
        }
        try verify(levels.checksum)
    }

    /// What falls out of the feed's depth is not told of any more: it comes back by being told anew.
    private mutating func keepBest(_ depth: Int, _ side: OrderBook.Side) {
        guard let book, book.count(side) > depth else { return }
        if isFirstPass { for level in book.levels(side).dropFirst(depth) { texts[side, level.price] = nil } }
        self.book?.keepBest(depth, side)
    }

    private func verify(_ checksum: BookChecksum?) throws(ReplayFault) {
        guard isFirstPass, let checksum, let book else { return }
        let found = BookChecksum(rule: checksum.rule, of: book, texts)
        guard found == checksum else { throw .checksum(told: checksum.value, found: found.value) }
    }

    private mutating func append(_ given: FeedTrade) throws(ReplayFault) {
        // Trades without numbers are counted.
        let number = given.sequence ?? tape.sequence + 1 - sequenceOffset
        if isFirstTradeOfPass, number + sequenceOffset <= tape.sequence { sequenceOffset = tape.sequence + 1 - number }
        isFirstTradeOfPass = false
        let trade = Trade(sequence: number + sequenceOffset, price: given.price, size: given.size, taker: given.taker)
        guard tape.append(trade) else { throw .repeatedSequence(number) }
    }

    /// The capture begins again. The trades stay; the old book, too, stands until the new snapshot unless `keepingBook` is false.
    mutating func beginPass(keepingBook: Bool) {
        isFirstPass = false
        awaitsSnapshot = true
        isFirstTradeOfPass = true
        if !keepingBook { book = nil }
    }
}

/// A message that is well formed and yet cannot be true.
enum ReplayFault: Error, Equatable, CustomStringConvertible {
    case updateBeforeSnapshot
    case repeatedSequence(Int64)
    case book(BookError)
    /// The book after a message is not the one that the venue had.
    case checksum(told: Int64, found: Int64)

    var description: String {
        switch self {
        case .updateBeforeSnapshot: "an update before the product's snapshot"
        case .repeatedSequence(let sequence): "a trade whose sequence \(sequence) does not rise"
        case .book(let error): error.description
        case .checksum(let told, let found): "the book's checksum is \(found), the venue's \(told)"
        }
    }
}
