public import HTTP
import Postgres
import Warehouse

/// What a monitor watches, in Prometheus' text format. Nothing is counted here: every figure is in the database.
public struct MetricsRoutes: Sendable {
    public init() {}

    public func register(on router: inout Router<Database>) {
        router.get("/metrics") { _, database in
            let text = try database.read { connection in
                let reads = MetricsReads(connection)
                return try Self.text(reads.products()) + Self.text(reads.jobs(), reads.pipeline())
            }
            var response = Response(body: .text(text))
            response.headers["Content-Type"] = PrometheusText.contentType
            response.headers["Cache-Control"] = "no-store"
            return response
        }
    }

    static func text(_ products: [ProductMetrics]) -> String {
        var out = PrometheusText()
        out.family("cryptogaf_products", .gauge, "Products on show.", [([:], Double(products.count))])
        func family(_ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (ProductMetrics) -> Double?) {
            out.family("cryptogaf_\(name)", kind, help, products.map { (["product": $0.product], value($0)) })
        }
        family("image_age_seconds", .gauge, "Time since the latest drawing.", \.imageAge)
        family("sample_age_seconds", .gauge, "Time since the latest sample.", \.sampleAge)
        family("samples", .gauge, "Samples kept.", \.samples)
        family("image_size_samples", .gauge, "Samples in the latest drawing; 0 before the first.", \.imageSize)
        family("images_drawn_total", .counter, "Images drawn; starts anew each hour.", \.drawnImages)
        family("image_bytes_total", .counter, "Bytes of the images drawn; starts anew each hour.", \.drawnBytes)
        family("draw_seconds_total", .counter, "Time that the drawing took; starts anew each hour.", \.drawSeconds)
        family("feed_gaps_total", .counter, "Times that trades were missed.", \.gaps)
        family("feed_failures_total", .counter, "Times that the venue gave no sample.", \.failures)
        out.family(
            "cryptogaf_feed_last_error_age_seconds", .gauge, "Time since the latest failure, by its kind; feeds.last_error says more.",
            products.map { (["product": $0.product, "error": $0.lastErrorCode ?? "unknown"], $0.lastErrorAge) })
        out.family(
            "cryptogaf_feed_info", .gauge, "Always 1; where the samples come from.",
            products.map { (["product": $0.product, "source": $0.source ?? ""], $0.source == nil ? nil : 1) })
        return out.text
    }

    static let openAPI = #"""
        "/metrics": {
          "get": {
            "tags": ["operation"], "operationId": "getMetrics", "summary": "Freshness, samples, images, draw times and failures per product; jobs, coverage, what waits, was rejected or stands still",
            "responses": {
              "200": { "description": "Prometheus' text format", "content": { "text/plain": { "schema": { "type": "string" } } } },
              \#(OpenAPI.failures)
            }
          }
        }
        """#
}
