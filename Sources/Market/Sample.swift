public import FoundationEssentials

/// One price of one side of an order book, or a bucket of several.
public struct PriceLevel: Equatable, Sendable {
    /// In the quote currency; of a bucket, the size-weighted mean.
    public var price: Decimal
    /// In the base currency; 0 in an empty bucket.
    public var size: Decimal
    /// Resting orders; where a feed does not tell, price levels.
    public var orders: Int

    public init(price: Decimal, size: Decimal, orders: Int) {
        self.price = price
        self.size = size
        self.orders = orders
    }
}

/// The top of an order book: asks ascending, bids descending, as deep as was asked for.
public struct BookSnapshot: Equatable, Sendable {
    public var midpoint: Decimal
    public var asks: [PriceLevel]
    public var bids: [PriceLevel]

    public init(midpoint: Decimal, asks: [PriceLevel], bids: [PriceLevel]) {
        self.midpoint = midpoint
        self.asks = asks
        self.bids = bids
    }
}

/// Market orders of one taker side: size-weighted mean price, total size, how many. No order: three zeros.
public struct TakerVolume: Equatable, Sendable {
    public var price: Decimal
    public var size: Decimal
    public var orders: Int

    public init(price: Decimal, size: Decimal, orders: Int) {
        self.price = price
        self.size = size
        self.orders = orders
    }

    public static let none = TakerVolume(price: 0, size: 0, orders: 0)
}

/// The market orders after some sequence number, up to and including `sequence`.
public struct TakerFlow: Equatable, Sendable {
    public var sequence: Int64
    public var buy: TakerVolume
    public var sell: TakerVolume

    public init(sequence: Int64, buy: TakerVolume, sell: TakerVolume) {
        self.sequence = sequence
        self.buy = buy
        self.sell = sell
    }
}

/// What one tick of `collect` adds to a product's history.
public struct Sample: Equatable, Sendable {
    /// The product's key (`Product.id`).
    public var product: String
    public var sampledAt: Date
    public var book: BookSnapshot
    public var flow: TakerFlow

    public init(product: String, sampledAt: Date, book: BookSnapshot, flow: TakerFlow) {
        self.product = product
        self.sampledAt = sampledAt
        self.book = book
        self.flow = flow
    }
}
