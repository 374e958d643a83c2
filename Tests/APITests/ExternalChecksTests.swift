import API
import Foundation
import Postgres
import TestSupport
import Testing

/// What others' tools say of what we tell them.
@Suite struct ExternalChecksTests {
    private static let python = "\(Repository.root)/.build/venv/bin/python3"
    private static let hasValidator = (try? Subprocess.run(python, ["-c", "import openapi_spec_validator"]).status) == 0
    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test("the description is valid OpenAPI 3.1", .enabled(if: hasValidator, "skipped: no openapi-spec-validator"))
    func openAPI() throws {
        let check = "import json, sys; from openapi_spec_validator import validate; validate(json.load(sys.stdin))"
        let result = try Subprocess.run(Self.python, ["-c", check], input: OpenAPI.document)
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test("promtool finds nothing to say about the metrics", .enabled(if: promtool != nil, "skipped: no promtool"))
    func metrics() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        try served.add("a\"b\\c\u{e9}")
        try served.connection.execute(
            "INSERT INTO crypto_gaf.feeds (product, source, last_error_code, last_error, last_error_at) VALUES ('BTC-USD', 'LIVE', 'malformed', 'a \"b\"', now())"
        )
        try served.connection.run(
            script: """
                INSERT INTO crypto_gaf.job_runs (job, finished_at, outcome) VALUES ('aggregate', now(), 'succeeded'), ('transform', now(), 'failed');
                INSERT INTO crypto_gaf.stopped_channels (exchange, channel, object_key, reason) VALUES ('okx', 'depth', 'x', 'no bids');
                SELECT crypto_gaf.ensure_month('tickers', '2026-02-01');
                """)
        let result = try Subprocess.run(try #require(Self.promtool), ["check", "metrics"], input: try served.get("/metrics").text)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.errors.isEmpty && result.output.isEmpty, "\(result.output)\(result.errors)")
    }

    @Test("answers have the fields that the description promises, and no other")
    func fields() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
        let components = try #require(try object(OpenAPI.document)["components"] as? [String: Any])
        let schemas = try #require(components["schemas"] as? [String: [String: Any]])
        let products = try #require(try object(served.get("/api/gaf/products").text)["products"] as? [[String: Any]])
        for (schema, answer) in [
            ("Images", try object(served.get("/api/gaf/image?product=BTC-USD").text)), ("Product", try #require(products.first)),
            ("Problem", try object(served.get("/api/gaf/image").text)),
        ] {
            let properties = try #require(schemas[schema]?["properties"] as? [String: Any])
            let required = try #require(schemas[schema]?["required"] as? [String])
            #expect(Set(answer.keys).isSubset(of: properties.keys), "\(schema)")
            #expect(Set(required).isSubset(of: answer.keys), "\(schema)")
        }
    }
}
