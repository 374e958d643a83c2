import FoundationEssentials
import Market
public import Warehouse

extension CaptureSamples.Row {
    /// A row of a busy market: nothing stands still from one to the next.
    public static func random(using random: inout some RandomNumberGenerator) -> CaptureSamples.Row {
        func cents(_ range: ClosedRange<Double>) -> Double { (Double.random(in: range, using: &random) * 100).rounded() / 100 }
        let midpoint = cents(59_000...61_000)
        func side(_ sign: Double) -> [[Double]] {
            (0..<3).map { level in [midpoint + sign * (5 + 10 * Double(level)), cents(0.01...9), 3] }
        }
        return CaptureSamples.Row(
            midpoint: midpoint, asks: side(1), bids: side(-1), buy: [midpoint, cents(0.01...3), 2], sell: [midpoint, cents(0.01...3), 5])
    }

    /// On its way into the database. The decimals are those that the doubles were read from.
    public func record(of product: String) -> SampleRecord {
        func levels(_ side: [[Double]]) -> [PriceLevel] {
            side.map { PriceLevel(price: $0[0].decimal, size: $0[1].decimal, orders: Int($0[2])) }
        }
        func volume(_ flow: [Double]) -> TakerVolume { TakerVolume(price: flow[0].decimal, size: flow[1].decimal, orders: Int(flow[2])) }
        let book = BookSnapshot(midpoint: midpoint.decimal, asks: levels(asks), bids: levels(bids))
        return SampleRecord(
            Sample(
                product: product, sampledAt: Date(), book: book,
                flow: TakerFlow(sequence: 0, buy: volume(buy), sell: volume(sell))), source: "REPLAY")
    }
}

extension Double {
    fileprivate var decimal: Decimal { Decimal(string: "\(self)") ?? .nan }
}
