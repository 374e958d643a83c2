import FoundationEssentials
import Market
import Postgres
import TestSupport
import Warehouse

/// A sample whose values follow from `number`.
func sample(_ product: String, _ number: Int, depth: Int = 3) -> Sample {
    let midpoint = Decimal(number) + Decimal(string: "91000.25")!
    func levels(_ step: Decimal) -> [PriceLevel] {
        (1...depth).map { PriceLevel(price: midpoint + step * Decimal($0), size: Decimal($0) / 8, orders: $0) }
    }
    return Sample(
        product: product, sampledAt: Date(timeIntervalSince1970: 1_790_000_000 + Double(number)),
        book: BookSnapshot(midpoint: midpoint, asks: levels(10), bids: levels(-10)),
        flow: TakerFlow(
            sequence: Int64(number), buy: TakerVolume(price: midpoint, size: Decimal(number) / 4, orders: number), sell: .none))
}

/// A migrated database with products, and a connection of the worker role.
func worker(_ products: String..., maxSize: Int = 600) throws -> (database: TestDatabase, connection: Connection) {
    let database = try TestPostgres.database()
    let connection = try database.connect(as: "test_worker")
    for product in products { _ = try ProductRepository(connection).add(Product(product), ProductChanges(maxSize: maxSize)) }
    return (database, connection)
}

func drawing(_ product: String, _ lastSampleID: Int64, of bytes: Int = 8) -> GafDrawing {
    func image(_ letter: Character) -> [UInt8] { Array(String(repeating: letter, count: bytes).utf8) }
    return GafDrawing(
        product: product, size: 21, midpoint: "91000.250", midpointSummation: image("M"), midpointDifference: image("D"),
        orderbook: image("O"), buy: image("B"), sell: image("S"), lastSampleID: lastSampleID, milliseconds: 12.5)
}
