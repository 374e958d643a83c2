/// The five images of a product as raw pixels, row by row; pixel (0, 0) is the newest sample.
public struct GafPlanes: Equatable, Sendable {
    /// Rows and columns of each image: the number of samples.
    public let size: Int
    /// RGB: order-book values of levels 1, 2, 3.
    public let orderBook: [UInt8]
    /// RGB: smoothed size, price and count of the market buys. The predecessor's channel order, which viewers know.
    public let buys: [UInt8]
    /// RGB: smoothed price, size and count of the market sells.
    public let sells: [UInt8]
    /// Grey: summation field of the midpoint.
    public let midpointSummation: [UInt8]
    /// Grey: difference field of the midpoint.
    public let midpointDifference: [UInt8]

    /// With fewer samples there is no image yet.
    public static let leastSamples = 21
    /// Trades are averaged over this many samples before and after each.
    public static let smoothingReach = 5

    /// Nil: too few samples.
    public init?(_ window: SampleWindow) {
        guard window.count >= Self.leastSamples else { return nil }
        size = window.count
        let levels = (0..<3).map { window.orderBookValues(level: min($0, max(0, window.levels - 1))) }
        orderBook = Gramian.rgbPixels(red: levels[0], green: levels[1], blue: levels[2])
        let (buyers, sellers) = (window.buys.smoothed(), window.sells.smoothed())
        buys = Gramian.rgbPixels(red: buyers.sizes, green: buyers.prices, blue: buyers.counts)
        sells = Gramian.rgbPixels(red: sellers.prices, green: sellers.sizes, blue: sellers.counts)
        let midpoint = window.midpoint.filled()
        midpointSummation = Gramian.grayPixels(of: midpoint, method: .summation)
        midpointDifference = Gramian.grayPixels(of: midpoint, method: .difference)
    }
}

extension SampleWindow.Trades {
    fileprivate func smoothed() -> SampleWindow.Trades {
        func smooth(_ series: [Double]) -> [Double] { series.smoothed(reach: GafPlanes.smoothingReach).filled() }
        return SampleWindow.Trades(prices: smooth(prices), sizes: smooth(sizes), counts: smooth(counts))
    }
}
