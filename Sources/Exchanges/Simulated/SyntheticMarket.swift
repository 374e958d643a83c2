import FoundationEssentials
import Market

/// One synthetic market at one instant, moved on in steps of `stepNanoseconds`. Its course follows from the product's seed alone: it
/// does not matter how often or when it is looked at.
///
/// The price is a random walk whose volatility varies and returns to its mean. Trading goes through moods: calm, quiet (hardly a trade
/// for a minute or two) and burst (many trades that push one way for some seconds). Rarely the price leaps, and the spread stays wide for a while.
/// Only +, −, ×, ÷ and rounding are used, so that every machine computes the same market.
struct SyntheticMarket {
    static let stepNanoseconds: Int64 = 100_000_000
    /// A leap about every half an hour, in steps.
    private static let leapInterval: UInt64 = 18_000
    private static let tapeCapacity = 1_024

    private enum Mood { case calm, quiet, burst }

    let product: SyntheticProduct
    private(set) var tape: TradeTape
    /// How many steps have been taken.
    private(set) var step: Int64 = 0
    /// In ticks.
    private(set) var middle: Double
    /// Half the spread in ticks.
    private var halfSpread: Double { min(20 * volatility * stress + 5, 400) }
    /// 1 on the average.
    private var volatility = 1.0
    /// 1 normally, higher after a leap.
    private var stress = 1.0
    private var mood = Mood.calm
    /// When the mood ends, in steps.
    private var moodEnd: Int64 = 0
    /// −1 … 1: the share of buyers among the takers, and which side of the book is thin.
    private(set) var pressure = 0.0
    private var random: SeededGenerator

    /// - Parameter firstSequence: the trades' sequences are above it.
    init(_ product: SyntheticProduct, firstSequence: Int64 = 0) {
        self.product = product
        middle = product.referenceTicks
        random = SeededGenerator(seed: product.seed)
        tape = TradeTape(capacity: Self.tapeCapacity, sequence: firstSequence)
    }

    var bestBidTicks: Int { Int((middle - halfSpread).rounded(.down)) }
    var bestAskTicks: Int { Int((middle + halfSpread).rounded(.up)) }

    mutating func advance(to target: Int64) {
        while step < target { takeStep() }
    }

    private mutating func takeStep() {
        step += 1
        if step >= moodEnd { changeMood() }
        volatility += 0.004 * (1 - volatility) + 0.03 * volatility * bell()
        volatility = min(max(volatility, 0.2), 5)
        stress += 0.02 * (1 - stress)
        movePrice()
        trade()
    }

    private mutating func changeMood() {
        let roll = uniform()
        switch mood {
        case .calm where roll < 0.3:
            (mood, pressure) = (.quiet, 0)
            moodEnd = step + 600 + Int64(uniform() * 900)
        case .calm where roll < 0.7:
            (mood, pressure) = (.burst, uniform() < 0.5 ? -0.8 : 0.8)
            moodEnd = step + 20 + Int64(uniform() * 80)
        default:
            (mood, pressure) = (.calm, 0.6 * (uniform() - 0.5))
            moodEnd = step + 200 + Int64(uniform() * 1_200)
        }
    }

    private mutating func movePrice() {
        // Per step of 0.1 s, as a share of the price: some 2 % a day.
        let scale = mood == .quiet ? 0.4e-5 : mood == .burst ? 6e-5 : 2e-5
        var move = scale * volatility * (bell() + (mood == .burst ? 0.7 * pressure : 0))
        if random.next() % Self.leapInterval == 0 {
            move += (uniform() < 0.5 ? -1 : 1) * (0.002 + 0.004 * uniform())
            stress = 8
        }
        // A weak pull back, so that weeks of running leave the price where its grid fits.
        move += 1e-6 * (product.referenceTicks - middle) / product.referenceTicks
        middle = min(max(middle * (1 + move), product.referenceTicks / 3), product.referenceTicks * 3)
    }

    private mutating func trade() {
        let expected = mood == .quiet ? 0.001 : mood == .burst ? 1.2 : 0.06
        var left = expected * (0.5 + 0.5 * volatility)
        while uniform() < left {
            left -= 0.5
            let buys = uniform() < 0.5 + 0.5 * pressure
            let slip = Int(uniform() * uniform() * 40)
            tape.append(
                Trade(
                    sequence: tape.sequence + 1 + Int64(random.next() % 24),
                    price: product.price(ticks: buys ? bestAskTicks + slip : bestBidTicks - slip),
                    size: product.size(lots: 1 + Int(60 / (uniform() + 0.005))), taker: buys ? .buy : .sell))
        }
    }

    /// 0 ..< 1.
    private mutating func uniform() -> Double { Double(random.next() >> 11) / Double(1 << 53) }

    /// Near enough to normal: mean 0, variance 1.
    private mutating func bell() -> Double { (uniform() + uniform() + uniform() + uniform() - 2) * 1.7320508 }
}
