import FoundationEssentials
import Market

/// What never changes about a synthetic product: its price range and its grid. Prices and sizes are integers of it.
struct SyntheticProduct: Sendable {
    let symbol: String
    /// The bucket width it is made for; one thousandth of it is the price tick.
    let aggregation: Decimal
    /// Of ten: the price tick and the smallest size.
    let tickExponent: Int
    let lotExponent: Int
    /// Where the price begins and tends to return, in ticks: 1,000,000 up to 10,000,000.
    let referenceTicks: Double
    /// Randomness of this product alone.
    let seed: UInt64

    /// Ticks of one bucket.
    static let ticksPerBucket = 1_000

    init(symbol: String, price: Double, seed: UInt64) {
        self.symbol = symbol
        var exponent = 0
        var significand = price
        while significand >= 10 { (significand, exponent) = (significand / 10, exponent + 1) }
        while significand < 1 { (significand, exponent) = (significand * 10, exponent - 1) }
        aggregation = Decimal(sign: .plus, exponent: exponent - 3, significand: 1)
        tickExponent = exponent - 6
        // A level of some thousand of the quote currency is then a number of four digits or so.
        lotExponent = -exponent
        referenceTicks = (significand * 1e6).rounded()
        self.seed = symbol.utf8.reduce(SeededGenerator.mixed(seed)) { SeededGenerator.mixed($0 ^ UInt64($1)) }
    }

    func price(ticks: Int) -> Decimal { Decimal(sign: .plus, exponent: tickExponent, significand: Decimal(ticks)) }
    func size(lots: Int) -> Decimal { Decimal(sign: .plus, exponent: lotExponent, significand: Decimal(lots)) }

    /// `count` widths in ticks, as far as an `Int32` goes.
    func ticks(of width: Decimal, times count: Int) -> Int {
        let ticks = (width * Decimal(count) / price(ticks: 1)).nearestDouble
        return Int(min(max(ticks, 0), Double(Int32.max)))
    }

    static let limit = 1_000

    /// `count` products: well-known pairs first, then made-up ones of every price range.
    static func list(count: Int, seed: UInt64) -> [SyntheticProduct] {
        var products = known.prefix(count).map { SyntheticProduct(symbol: $0.symbol, price: $0.price, seed: seed) }
        while products.count < count {
            let number = products.count - known.count + 1
            let mixed = SeededGenerator.mixed(seed &+ UInt64(number))
            // Six decades, each equally likely.
            let decade = [0.01, 0.1, 1, 10, 100, 1_000][Int(mixed % 6)]
            let digits = String(number)
            products.append(
                SyntheticProduct(
                    symbol: "SYN" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits + "-USD",
                    price: decade * (1 + 9 * Double(mixed >> 40) / Double(1 << 24)), seed: seed))
        }
        return products
    }

    private static let known: [(symbol: String, price: Double)] = [
        ("BTC-USD", 64_000), ("ETH-USD", 3_200), ("SOL-USD", 150), ("XRP-USD", 0.62), ("ADA-USD", 0.45), ("DOGE-USD", 0.15),
        ("LTC-USD", 85), ("LINK-USD", 14.5), ("AVAX-USD", 36), ("ETH-BTC", 0.05),
    ]
}
