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
          "Retry-After": { "description": "Seconds", "schema": { "type": "integer" } },
          "Allow": { "description": "The methods that are understood", "schema": { "type": "string" } }
        },
        "responses": {
          "NotModified": {
            "description": "The client has this drawing already",
            "headers": { "ETag": { "$ref": "#/components/headers/ETag" }, "Last-Modified": { "$ref": "#/components/headers/LastModified" } }
          },
          "BadRequest": \(problem("A parameter is missing, malformed, or given twice: the answer names it and what it accepts. Or the request cannot be read")),
          "NotFound": \(problem("There is no such product, or it has no image yet")),
          "MethodNotAllowed": \(problem("To any other method than GET, HEAD and OPTIONS", header: "Allow")),
          "Slow": \(problem("The request took too long to arrive")),
          "TooLarge": \(problem("The request has a body of more than 64 kB; none is needed")),
          "TooLong": \(problem("The path or the query is too long")),
          "TooMany": \(problem("This address asks too often, or holds too many connections", header: "Retry-After")),
          "Failed": \(problem("Something of ours is broken; the log tells what")),
          "Away": \(problem("The handlers do not run", header: "Retry-After")),
          "Unavailable": \(problem("Postgres does not answer, or is not migrated; or the handlers have too much to do", header: "Retry-After")),
          "Late": \(problem("The handlers did not answer in time", header: "Retry-After"))
        },
        "schemas": {
        \([GafRoutes.openAPISchemas, problemSchema].joined(separator: ",\n"))
        }
        }
        }
        """

    private static func problem(_ description: String, header: String? = nil) -> String {
        let headers = header.map { "\"headers\": { \"\($0)\": { \"$ref\": \"#/components/headers/\($0)\" } }, " } ?? ""
        return """
            { "description": "\(description)", \(headers)"content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } }
            """
    }

    /// What a handler, or nginx before it, may answer on any path; to stand among an operation's responses.
    static let failures = """
        "400": { "$ref": "#/components/responses/BadRequest" }, "405": { "$ref": "#/components/responses/MethodNotAllowed" },
        "408": { "$ref": "#/components/responses/Slow" }, "413": { "$ref": "#/components/responses/TooLarge" },
        "414": { "$ref": "#/components/responses/TooLong" }, "429": { "$ref": "#/components/responses/TooMany" },
        "500": { "$ref": "#/components/responses/Failed" }, "502": { "$ref": "#/components/responses/Away" },
        "503": { "$ref": "#/components/responses/Unavailable" }, "504": { "$ref": "#/components/responses/Late" }
        """

    private static let ownPath = #"""
        "/api/openapi.json": {
          "get": {
            "tags": ["operation"], "operationId": "getOpenAPI", "summary": "This description",
            "responses": {
              "200": { "description": "OpenAPI 3.1", "content": { "application/json": { "schema": { "type": "object" } } } },
              \#(failures)
            }
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
