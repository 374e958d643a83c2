public import FoundationEssentials

/// Who took liquidity: the side of the market order, opposite of the resting order it met.
public enum TakerSide: String, Sendable {
    case buy, sell

    /// The taker of a trade whose *maker* was on this side, as many venues report it.
    public init(maker: OrderBook.Side) { self = maker == .ask ? .buy : .sell }
}

/// One market order's fill.
public struct Trade: Equatable, Sendable {
    /// Rises with every trade of a product, not always by one.
    public var sequence: Int64
    public var price: Decimal
    public var size: Decimal
    public var taker: TakerSide

    public init(sequence: Int64, price: Decimal, size: Decimal, taker: TakerSide) {
        self.sequence = sequence
        self.price = price
        self.size = size
        self.taker = taker
    }
}

extension TakerFlow {
    /// The flow of `trades`, each taken as one market order.
    /// - Parameter sequence: how far the trades reach, also where there are none.
    public init(_ trades: some Sequence<Trade>, sequence: Int64) {
        var buy = WeightedMean()
        var sell = WeightedMean()
        for trade in trades {
            let level = PriceLevel(price: trade.price, size: trade.size, orders: 1)
            switch trade.taker {
            case .buy: buy.add(level)
            case .sell: sell.add(level)
            }
        }
        self.init(sequence: sequence, buy: TakerVolume(buy.level), sell: TakerVolume(sell.level))
    }
}

extension TakerVolume {
    fileprivate init(_ level: PriceLevel?) {
        self = level.map { TakerVolume(price: $0.price, size: $0.size, orders: $0.orders) } ?? .none
    }
}

/// The last trades of one product, at most `capacity` of them.
public struct TradeTape: Sendable {
    public let capacity: Int
    /// The newest trade's; before the first, what the tape began with.
    public private(set) var sequence: Int64
    /// The newest trade that was dropped to make room; 0 while all are kept.
    public private(set) var droppedSequence: Int64 = 0
    private var ring: [Trade] = []
    /// Where the oldest trade is, once the ring is full.
    private var start = 0

    /// - Parameter sequence: trades must be above it.
    /// - Precondition: `capacity` is positive.
    public init(capacity: Int, sequence: Int64 = 0) {
        precondition(capacity > 0)
        self.capacity = capacity
        self.sequence = sequence
    }

    /// Adds the next trade; false, and nothing changes, if its sequence is not above the newest: it was told before.
    @discardableResult
    public mutating func append(_ trade: Trade) -> Bool {
        guard trade.sequence > sequence else { return false }
        sequence = trade.sequence
        if ring.count < capacity {
            ring.append(trade)
        } else {
            droppedSequence = ring[start].sequence
            ring[start] = trade
            start = (start + 1) % capacity
        }
        return true
    }

    /// The market orders after `since`, up to `sequence`.
    /// - Returns: `isComplete` is false if `since` is older than what the tape keeps: trades are missing from `flow`.
    public func flow(since: Int64) -> (flow: TakerFlow, isComplete: Bool) {
        (TakerFlow(trades(after: since), sequence: sequence), since >= droppedSequence)
    }

    /// The kept trades after `since`, oldest first.
    public func trades(after since: Int64) -> [Trade] {
        var found: [Trade] = []
        for offset in stride(from: ring.count - 1, through: 0, by: -1) {
            let trade = ring[(start + offset) % ring.count]
            guard trade.sequence > since else { break }
            found.append(trade)
        }
        return found.reversed()
    }
}
