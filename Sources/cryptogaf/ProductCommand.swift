import Exchanges
import FoundationEssentials
import Market
import Postgres
import Runtime
import Warehouse

/// The markets on show.
struct ProductCommand: Command {
    static let name = "product"
    static let summary = "the markets on show: add, list, set, remove"
    static let operands = "add|set|remove PRODUCT, or list"
    static let options: [Option] = [
        .value("--max-size", "N", "samples kept, and so pixels per side, from 21 to 5000 (new products: 600)"),
        .value("--aggregation", "WIDTH", "width of a price bucket in the quote currency; 0: single levels (new products: 10)"),
        .value("--depth", "N", "buckets per side, from 1 to 50 (new products: 3)"),
        .value("--redraw-interval", "TIME", "least time between two drawings, such as 5s or 0 (new products: 5s)"),
        .flag(
            "--or-set", "with add: a product that is on show already, of whatever venue, gets the settings that are given, and no complaint"
        ),
        .flag("--json", "list as JSON"),
    ]
    static let requires: Set<Configuration.Section> = [.postgres]
    static let details = """
        A PRODUCT is SYMBOL at the default venue, or venue:SYMBOL of a venue that collect can read. What runs picks up every change by
        itself. remove takes the product's samples and images along.

        Example: cryptogaf product add BTC-USD --aggregation 10 --depth 3
        """

    private enum Action: Equatable {
        case add(Product)
        case set(Product)
        case remove(Product)
        case list
    }

    private let action: Action
    private let changes: ProductChanges
    private let asJSON: Bool
    private let orSet: Bool
    /// Why the product cannot be added if it is not there; nil: it can.
    private let refusal: UsageError?
    private let database: ConnectionOptions

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        action = try Self.action(arguments.operands)
        changes = ProductChanges(
            maxSize: try arguments.int("--max-size", in: ProductChanges.maxSizes), aggregation: try Self.aggregation(arguments),
            depth: try arguments.int("--depth", in: ProductChanges.depths),
            redrawInterval: try arguments.duration("--redraw-interval", in: .zero ... .seconds(86_400)))
        asJSON = arguments.flag("--json")
        orSet = arguments.flag("--or-set")
        refusal = Self.refusal(of: action, in: configuration.feeds.map(\.venue))
        database = configuration.postgres(as: Self.name)
        if asJSON, action != .list { throw UsageError("--json goes with product list") }
        switch action {
        // Whether it is there already, only the database knows.
        case .add where !orSet: if let refusal { throw refusal }
        case .set where changes == ProductChanges(): throw UsageError("product set needs an option that says what to set")
        case .list where changes != ProductChanges(), .remove where changes != ProductChanges():
            throw UsageError("product list and product remove set nothing")
        case .set where orSet, .remove where orSet, .list where orSet: throw UsageError("--or-set goes with product add")
        default: break
        }
    }

    private static func action(_ operands: [String]) throws -> Action {
        guard let verb = operands.first else { throw UsageError("product needs one of add, list, set and remove") }
        if verb == "list" {
            guard operands.count == 1 else { throw UsageError("product list takes no product") }
            return .list
        }
        guard ["add", "set", "remove"].contains(verb) else {
            throw UsageError("product knows add, list, set and remove (got \"\(verb)\")")
        }
        guard operands.count == 2 else { throw UsageError("product \(verb) takes one product (got \(operands.count - 1))") }
        let product: Product
        do { product = try Product(operands[1]) } catch { throw UsageError("\(error)") }
        return verb == "add" ? .add(product) : verb == "set" ? .set(product) : .remove(product)
    }

    /// Nobody would ever collect a product of another venue; one that is there already can be set and removed.
    private static func refusal(of action: Action, in known: [String]) -> UsageError? {
        guard case .add(let product) = action, let venue = product.venue, !known.contains(venue) else { return nil }
        return UsageError("no venue \"\(venue)\" can be collected from; there are: \(known.joined(separator: ", "))")
    }

    private static func aggregation(_ arguments: Arguments) throws -> Decimal? {
        guard let text = arguments.string("--aggregation") else { return nil }
        guard let value = try? Decimal(strict: text), value >= 0, value <= 1_000_000_000, value.exponent >= -18 else {
            throw UsageError(
                "--aggregation takes a decimal number from 0 to 1000000000 with at most 18 decimals, such as 10 or 0.05 (got \"\(text)\")")
        }
        return value
    }

    func run(_ program: Program) throws {
        let connection = try Connection(database)
        try Schema.verify(connection)
        let products = ProductRepository(connection)
        switch action {
        case .list: print(try asJSON ? Self.json(products.list()) : Self.table(products.list()))
        case .add(let product):
            if refusal == nil, try products.add(product, changes) {
                return program.log.info("product.added", ["product": .text(product.id)])
            }
            guard try orSet && products.set(product, changes) else {
                throw refusal ?? DataFault("\(product) is on show already: product set changes it")
            }
            program.log.info("product.set", ["product": .text(product.id)])
        case .set(let product):
            guard try products.set(product, changes) else { throw DataFault("\(product) is not on show: product add adds it") }
            program.log.info("product.set", ["product": .text(product.id)])
        case .remove(let product):
            guard try products.remove(product) else { throw DataFault("\(product) is not on show") }
            program.log.info("product.removed", ["product": .text(product.id)])
        }
    }
}

// MARK: - Output

extension ProductCommand {
    static func table(_ products: [ProductSettings]) -> String {
        let header = ["PRODUCT", "MAX SIZE", "AGGREGATION", "DEPTH", "REDRAW INTERVAL"]
        let rows =
            [header]
            + products.map { [$0.product, "\($0.maxSize)", $0.aggregation.plainText, "\($0.depth)", $0.redrawInterval.text] }
        return TextTable.aligned(rows)
    }

    /// As the HTTP API writes them: decimals as text, times in seconds.
    private struct Listed: Encodable {
        let product: String
        let maxSize: Int
        let aggregation: String
        let depth: Int
        let redrawInterval: Double

        enum CodingKeys: String, CodingKey {
            case product, aggregation, depth
            case maxSize = "max_size"
            case redrawInterval = "redraw_interval"
        }
    }

    static func json(_ products: [ProductSettings]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let listed = products.map {
            Listed(
                product: $0.product, maxSize: $0.maxSize, aggregation: $0.aggregation.plainText, depth: $0.depth,
                redrawInterval: $0.redrawInterval / .seconds(1))
        }
        return String(decoding: try encoder.encode(listed), as: UTF8.self)
    }
}
