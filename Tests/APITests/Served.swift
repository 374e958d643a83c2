import API
import FoundationEssentials
import HTTP
import Postgres
import TestSupport

/// The routes of `serve` as functions, on a database of their own, read as the API's user.
struct Served {
    let database: TestDatabase
    let worker: Database
    let router = ServedRoutes.router(crossOrigin: .any)
    /// For the test's own writes.
    let connection: Connection

    init(migrated: Bool = true) throws {
        database = try TestPostgres.database(migrated: migrated)
        worker = Database(database.options(as: migrated ? "test_api" : "postgres"))
        connection = try database.connect()
    }

    func get(_ target: String, _ headers: Headers = [:], method: HTTP.Method = .get) throws -> Response {
        router.respond(to: try Request(method, target, headers: headers, id: "test"), with: worker)
    }

    func json<Value: Decodable>(_ target: String, _ type: Value.Type) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(get(target).body.contents))
    }

    /// Adds a product whose five images are these bytes, each with its own first letter.
    func draw(_ product: String, size: Int = 21, midpoint: String = "97163.505") throws {
        let images = ["order", "buy", "sell", "sum", "difference"].map { Data($0.utf8).base64EncodedString() }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.gafs (product, size, midpoint, orderbook_image, buy_image, sell_image, midpoint_images)
            VALUES (\(product), \(size), \(midpoint)::numeric, \(images[0]), \(images[1]), \(images[2]), ARRAY[\(images[3]), \(images[4])])
            ON CONFLICT (product) DO UPDATE SET size = excluded.size, midpoint = excluded.midpoint
            """)
    }

    func add(_ product: String) throws { try connection.execute("INSERT INTO crypto_gaf.gafs (product) VALUES (\(product))") }
}

extension Response {
    var text: String { String(decoding: body.contents, as: UTF8.self) }
}
