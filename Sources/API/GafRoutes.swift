internal import Base64
public import HTTP
import Market
import Postgres
import Warehouse

/// The images of order books, as the predecessor gave them and as PNG.
public struct GafRoutes: Sendable {
    public init() {}

    public func register(on router: inout Router<Database>) {
        router.get("/api/gaf/image") { try images($0, $1) }
        router.get("/api/gaf/image.png") { try png($0, $1) }
        router.get("/api/gaf/products") { try products($0, $1) }
    }

    private func images(_ request: Request, _ database: Database) throws -> Response {
        let product = try product(request)
        if let unchanged = try unchanged(request, "all", database, { try $0.version(of: product) }) { return unchanged }
        switch try database.read({ try GafReads($0).images(of: product, GafImagesJSON.kinds) }) {
        case .unknown: throw unknown(product)
        case .none: return .revalidated(.json(GafImagesJSON.notDrawn))
        case .drawn(let images):
            var response = Response.json(.parts(GafImagesJSON.parts(images)))
            images.version.validators(for: "all").apply(to: &response)
            return .revalidated(response)
        }
    }

    private func png(_ request: Request, _ database: Database) throws -> Response {
        let product = try product(request)
        let kind = try request.query.required("kind", oneOf: ImageKind.self)
        if let unchanged = try unchanged(request, kind.rawValue, database, { try $0.version(of: product, kind) }) { return unchanged }
        switch try database.read({ try GafReads($0).image(of: product, kind) }) {
        case .unknown: throw unknown(product)
        case .none: throw Problem(.notFound, "\(product) has no image yet: the first is drawn once there are 21 samples")
        case .drawn(let found):
            guard let bytes = found.base64.withBytes(Base64.decode) else {
                throw Problem(.internal, "the stored image is damaged", cause: DamagedImage(product: product, kind: kind))
            }
            var response = Response(headers: ["Content-Type": "image/png"], body: .bytes(bytes))
            found.version.validators(for: kind.rawValue).apply(to: &response)
            return .revalidated(response)
        }
    }

    private func products(_ request: Request, _ database: Database) throws -> Response {
        let list = try database.read { try ProductReads($0).json() }
        return .revalidated(.json(.parts([CellSource(cell: list)])))
    }

    /// The 304, if the client sent a condition that holds; only the version is read for it.
    private func unchanged(
        _ request: Request, _ kind: String, _ database: Database, _ version: (GafReads) throws -> GafReads.Drawing<GafVersion>
    ) throws -> Response? {
        guard request.headers["If-None-Match"] != nil || request.headers["If-Modified-Since"] != nil else { return nil }
        guard case .drawn(let version) = try database.read({ try version(GafReads($0)) }) else { return nil }
        let validators = version.validators(for: kind)
        guard validators.isCurrent(in: request) else { return nil }
        var response = Response(.notModified)
        validators.apply(to: &response)
        return .revalidated(response)
    }

    private func product(_ request: Request) throws -> String {
        let text = try request.query.required("product", accepts: "a product's name, such as BTC-USD; /api/gaf/products lists them")
        do {
            return try Product(text).id
        } catch {
            throw Problem(.invalid, "parameter \"product\": \(error.reason)", parameter: "product")
        }
    }

    private func unknown(_ product: String) -> Problem {
        Problem(.notFound, "there is no product \"\(product)\"; /api/gaf/products lists them", parameter: "product")
    }
}

/// What stands in an image column and is no base64.
struct DamagedImage: Error, CustomStringConvertible {
    let product: String
    let kind: ImageKind

    var description: String { "the \(kind.rawValue) image of \(product) in crypto_gaf.gafs is not base64" }
}

extension GafVersion {
    /// The number alone would come again after a restored backup; the time alone could after a clock was set.
    func validators(for kind: String) -> Validators {
        let tag = EntityTag("\(number)-\(calculatedMicroseconds)-\(kind)")
        let modified = calculatedMicroseconds > 0 ? Int(calculatedMicroseconds / 1_000_000) : nil
        // A tag of digits and a kind's name is always one.
        return Validators(tag: tag!, modified: modified)
    }
}

extension Response {
    /// May be kept, but must be asked for each time: the next image may be drawn at any moment.
    fileprivate static func revalidated(_ response: Response) -> Response {
        var response = response
        response.headers["Cache-Control"] = "no-cache"
        return response
    }
}
