public import HTTP

/// The description of the API (OpenAPI 3.1), put together from what each topic says of its own routes.
public enum OpenAPI {
    public static func register(on router: inout Router<Database>) {
        let text = document
        router.get("/api/openapi.json") { _, _ in
            var response = Response.json(text)
            response.headers["Cache-Control"] = "public, max-age=300"
            return response
        }
    }

    public static let document = """
        {
        "openapi": "3.1.0",
        "info": {
          "title": "Crypto GAF",
          "version": "0.1.0",
          "summary": "Order books as Gramian angular field images",
          "description": "Every answer is read from Postgres when it is asked for. Errors are application/problem+json (RFC 9457). GET answers may be read by pages of any origin unless the operator restricts them. HEAD is answered wherever GET is, OPTIONS everywhere.",
          "license": { "name": "MIT", "identifier": "MIT" }
        },
        "servers": [{ "url": "/" }],
        "tags": [
          { "name": "images", "description": "What calculate drew" },
          { "name": "operation", "description": "For operators and their machines" }
        ],
        "paths": {
        \([GafRoutes.openAPI, HealthRoutes.openAPI, MetricsRoutes.openAPI, ownPath].joined(separator: ",\n"))
        },
        "components": {
        "parameters": {
        \(GafRoutes.openAPIParameters)
        },
        "headers": {
          "ETag": { "description": "Names this drawing and this representation of it", "schema": { "type": "string" } },
          "LastModified": { "description": "When it was drawn, in whole seconds", "schema": { "type": "string" } },
          "RetryAfter": { "description": "Seconds", "schema": { "type": "integer" } }
        },
        "responses": {
          "NotModified": {
            "description": "The client has this drawing already",
            "headers": { "ETag": { "$ref": "#/components/headers/ETag" }, "Last-Modified": { "$ref": "#/components/headers/LastModified" } }
          },
          "BadRequest": \(problem("A parameter is missing, malformed, or given twice; the answer names it and what it accepts")),
          "NotFound": \(problem("There is no such product, or it has no image yet")),
          "TooLong": \(problem("The path or the query is too long")),
          "Failed": \(problem("Something of ours is broken; the log tells what")),
          "Unavailable": {
            "description": "Postgres does not answer, or is not migrated",
            "headers": { "Retry-After": { "$ref": "#/components/headers/RetryAfter" } },
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          }
        },
        "schemas": {
        \([GafRoutes.openAPISchemas, problemSchema].joined(separator: ",\n"))
        }
        }
        }
        """

    private static func problem(_ description: String) -> String {
        """
        { "description": "\(description)", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } }
        """
    }

    private static let ownPath = #"""
        "/api/openapi.json": {
          "get": {
            "tags": ["operation"], "operationId": "getOpenAPI", "summary": "This description",
            "responses": { "200": { "description": "OpenAPI 3.1", "content": { "application/json": { "schema": { "type": "object" } } } } }
          }
        }
        """#

    private static let problemSchema = #"""
        "Problem": {
          "type": "object", "description": "RFC 9457",
          "required": ["type", "title", "status", "detail"],
          "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What is wrong, and what would be right" },
            "parameter": { "type": "string", "description": "The parameter at fault" },
            "request": { "type": "string", "description": "What to look for in the logs" }
          }
        }
        """#
}
