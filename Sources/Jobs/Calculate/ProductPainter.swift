import Analysis
import FoundationEssentials
import PNG
import Postgres
import Runtime
import Warehouse

/// Draws products over one connection: from the samples in the database to the images in the database.
struct ProductPainter {
    struct Drawn {
        let samples: Int
        /// Of the five images as base64.
        let bytes: Int
        let milliseconds: Double
    }

    let connection: Connection
    private var encoder = PNGEncoder()

    init(_ connection: Connection) { self.connection = connection }

    /// One product in one transaction, under its lock. Nil: there was nothing to draw, or somebody else is drawing it.
    mutating func draw(_ product: String, ignoringInterval: Bool) throws -> Drawn? {
        let (gafs, samples) = (GafRepository(connection), SampleRepository(connection))
        return try connection.transaction {
            guard let due = try gafs.claim(product, ignoringInterval: ignoringInterval) else { return nil }
            let started = ContinuousClock.now
            let window = try samples.window(product, limit: due.maxSize)
            guard let newest = window.newestSampleID, let planes = GafPlanes(SampleWindow(window)) else { return nil }
            let images = try encode(planes)
            let drawn = Drawn(samples: planes.size, bytes: images.byteCount, milliseconds: started.secondsUntilNow * 1e3)
            let drawing = GafDrawing(
                product: product, size: planes.size, midpoint: window.newestMidpoint, midpointSummation: images.midpointSummation,
                midpointDifference: images.midpointDifference, orderbook: images.orderBook, buy: images.buys, sell: images.sells,
                lastSampleID: newest, milliseconds: drawn.milliseconds)
            return try gafs.store(drawing) ? drawn : nil
        }
    }

    /// The five images as base64 of their PNG files.
    private struct Images {
        let orderBook: [UInt8]
        let buys: [UInt8]
        let sells: [UInt8]
        let midpointSummation: [UInt8]
        let midpointDifference: [UInt8]

        var byteCount: Int { orderBook.count + buys.count + sells.count + midpointSummation.count + midpointDifference.count }
    }

    private mutating func encode(_ planes: GafPlanes) throws(PNGError) -> Images {
        Images(
            orderBook: try encode(planes.orderBook, planes.size, .rgb), buys: try encode(planes.buys, planes.size, .rgb),
            sells: try encode(planes.sells, planes.size, .rgb),
            midpointSummation: try encode(planes.midpointSummation, planes.size, .gray),
            midpointDifference: try encode(planes.midpointDifference, planes.size, .gray))
    }

    private mutating func encode(_ pixels: [UInt8], _ size: Int, _ format: PNGEncoder.Format) throws(PNGError) -> [UInt8] {
        let file = try encoder.encode(pixels, width: size, height: size, format: format)
        return Array(Data(file).base64EncodedData())
    }
}

extension SampleWindow {
    init(_ read: SampleWindowRead) {
        self.init(
            midpoint: read.midpoint, asks: Side(prices: read.asks.prices, sizes: read.asks.sizes),
            bids: Side(prices: read.bids.prices, sizes: read.bids.sizes),
            buys: Trades(prices: read.buys[0], sizes: read.buys[1], counts: read.buys[2]),
            sells: Trades(prices: read.sells[0], sizes: read.sells[1], counts: read.sells[2]))
    }
}
