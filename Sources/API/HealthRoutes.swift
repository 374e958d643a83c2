public import HTTP

/// Whether the process lives, and whether it can answer.
public struct HealthRoutes: Sendable {
    public init() {}

    /// - Parameter verify: throws what keeps the process from answering.
    public func register<Context>(on router: inout Router<Context>, verify: @escaping @Sendable (Context) throws -> Void) {
        // Alive means that a worker answers; a database that is away is not cured by killing the handlers.
        for path in ["/healthz/", "/healthz"] {
            router.get(path) { _, _ in Self.uncached(.json(#"{"status":"alive"}"#)) }
        }
        router.get("/readyz") { _, context in
            try verify(context)
            return Self.uncached(.json(#"{"status":"ready"}"#))
        }
    }

    private static func uncached(_ response: Response) -> Response {
        var response = response
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    static let openAPI = #"""
        "/healthz/": {
          "get": {
            "tags": ["operation"], "operationId": "getHealth", "summary": "The handlers are alive",
            "responses": {
              "200": { "description": "Alive", "content": { "application/json": { "schema": { "type": "object" } } } },
              \#(OpenAPI.failures)
            }
          }
        },
        "/healthz": {
          "get": {
            "tags": ["operation"], "operationId": "getHealthWithoutSlash", "summary": "The handlers are alive",
            "responses": {
              "200": { "description": "Alive", "content": { "application/json": { "schema": { "type": "object" } } } },
              \#(OpenAPI.failures)
            }
          }
        },
        "/readyz": {
          "get": {
            "tags": ["operation"], "operationId": "getReadiness", "summary": "Postgres answers, and its schema is this version's",
            "responses": {
              "200": { "description": "Ready", "content": { "application/json": { "schema": { "type": "object" } } } },
              \#(OpenAPI.failures)
            }
          }
        }
        """#
}
