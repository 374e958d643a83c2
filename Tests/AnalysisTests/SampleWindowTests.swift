import Analysis
import Testing

@Suite("Samples to images")
struct SampleWindowTests {
    @Test("the order-book value is the difference of both sides' worth over their size")
    func orderBookValue() {
        let window = book(asks: ([[101]], [[3]]), bids: ([[99]], [[1]]))
        #expect(window.orderBookValues(level: 0) == [51])
    }

    @Test("elements are filled each for itself before the formula")
    func filledElements() {
        let window = book(asks: ([[.nan, 101]], [[2, 3]]), bids: ([[99, 98]], [[1, .nan]]))
        #expect(window.orderBookValues(level: 0) == [103.0 / 3, 51.25])
    }

    @Test("two empty sides take the neighbour's value")
    func emptySides() {
        let window = book(asks: ([[101, 101, 101]], [[0, 1, 0]]), bids: ([[99, 99, 99]], [[0, 1, 0]]))
        #expect(window.orderBookValues(level: 0) == [1, 1, 1])
    }

    @Test("fewer than 21 samples give no image")
    func tooFew() {
        #expect(GafPlanes(Self.window(count: 20, levels: 3)) == nil)
        #expect(GafPlanes(Self.window(count: 21, levels: 3))?.size == 21)
    }

    @Test("of fewer than three levels the last one repeats")
    func fewLevels() throws {
        let two = Self.window(count: 30, levels: 2)
        var three = two
        three.asks.prices.append(two.asks.prices[1])
        three.asks.sizes.append(two.asks.sizes[1])
        three.bids.prices.append(two.bids.prices[1])
        three.bids.sizes.append(two.bids.sizes[1])
        #expect(GafPlanes(two) == GafPlanes(three))
        let one = try #require(GafPlanes(Self.window(count: 30, levels: 1))).orderBook
        #expect(channel(0, of: one) == channel(1, of: one) && channel(0, of: one) == channel(2, of: one))
    }

    @Test("a window in which nothing is known is drawn as constants")
    func nothingKnown() throws {
        let holes = [Double](repeating: .nan, count: 21)
        let trades = SampleWindow.Trades(prices: holes, sizes: holes, counts: holes)
        let side = SampleWindow.Side(prices: [], sizes: [])
        let images = try #require(GafPlanes(SampleWindow(midpoint: holes, asks: side, bids: side, buys: trades, sells: trades)))
        #expect(Set(images.orderBook + images.buys + images.sells + images.midpointSummation) == [255])
        #expect(Set(images.midpointDifference) == [127])
    }

    @Test("buys stand in the order size, price, count; sells in price, size, count")
    func channels() throws {
        var window = Self.window(count: 25, levels: 3)
        window.sells = window.buys
        let images = try #require(GafPlanes(window))
        #expect(images.buys != images.sells)
        for (ofBuys, ofSells) in [(0, 1), (1, 0), (2, 2)] {
            #expect(channel(ofBuys, of: images.buys) == channel(ofSells, of: images.sells))
        }
    }

    @Test("pixel (0, 0) is the newest sample")
    func newestFirst() throws {
        var window = Self.window(count: 21, levels: 3)
        window.midpoint = (0..<21).map { Double(21 - $0) }
        let images = try #require(GafPlanes(window))
        // Newest is the greatest: against the oldest, the least, cos(0 + π) = −1; against itself 1.
        #expect(images.midpointSummation[0] == 255)
        #expect(images.midpointSummation[20] == 0)
        // sin(newest − middle) = sin(0 − π/2) = −1.
        #expect(images.midpointDifference[10] == 0)
    }

    private func channel(_ channel: Int, of pixels: [UInt8]) -> [UInt8] {
        stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] }
    }

    private func book(asks: ([[Double]], [[Double]]), bids: ([[Double]], [[Double]])) -> SampleWindow {
        var window = Self.window(count: asks.0[0].count, levels: 0)
        window.asks = SampleWindow.Side(prices: asks.0, sizes: asks.1)
        window.bids = SampleWindow.Side(prices: bids.0, sizes: bids.1)
        return window
    }

    private static func window(count: Int, levels: Int) -> SampleWindow {
        var random = SplitMix(seed: 5)
        func series() -> [Double] { (0..<count).map { _ in Double.random(in: 1...9, using: &random) } }
        func side() -> SampleWindow.Side {
            SampleWindow.Side(prices: (0..<levels).map { _ in series() }, sizes: (0..<levels).map { _ in series() })
        }
        func trades() -> SampleWindow.Trades { SampleWindow.Trades(prices: series(), sizes: series(), counts: series()) }
        return SampleWindow(midpoint: series(), asks: side(), bids: side(), buys: trades(), sells: trades())
    }
}
