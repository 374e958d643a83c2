extension GafRoutes {
    static let openAPI = #"""
        "/api/gaf/image": {
          "get": {
            "tags": ["images"], "operationId": "getImages",
            "summary": "Four images of a product in one answer",
            "description": "As the predecessor gave it. A product that is not drawn yet is answered with nulls and size 0.",
            "parameters": [
              { "$ref": "#/components/parameters/Product" }, { "$ref": "#/components/parameters/IfNoneMatch" },
              { "$ref": "#/components/parameters/IfModifiedSince" }
            ],
            "responses": {
              "200": {
                "description": "The latest drawing",
                "headers": { "ETag": { "$ref": "#/components/headers/ETag" }, "Last-Modified": { "$ref": "#/components/headers/LastModified" } },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Images" } } }
              },
              "304": { "$ref": "#/components/responses/NotModified" }, "404": { "$ref": "#/components/responses/NotFound" },
              \#(OpenAPI.failures)
            }
          }
        },
        "/api/gaf/image.png": {
          "get": {
            "tags": ["images"], "operationId": "getImage",
            "summary": "One image of a product",
            "description": "Newest sample first: pixel (0, 0) is the newest. As many pixels a side as there were samples.",
            "parameters": [
              { "$ref": "#/components/parameters/Product" }, { "$ref": "#/components/parameters/Kind" },
              { "$ref": "#/components/parameters/IfNoneMatch" }, { "$ref": "#/components/parameters/IfModifiedSince" }
            ],
            "responses": {
              "200": {
                "description": "The latest drawing",
                "headers": { "ETag": { "$ref": "#/components/headers/ETag" }, "Last-Modified": { "$ref": "#/components/headers/LastModified" } },
                "content": { "image/png": {} }
              },
              "304": { "$ref": "#/components/responses/NotModified" }, "404": { "$ref": "#/components/responses/NotFound" },
              \#(OpenAPI.failures)
            }
          }
        },
        "/api/gaf/products": {
          "get": {
            "tags": ["images"], "operationId": "getProducts", "summary": "All products and how fresh they are",
            "responses": {
              "200": { "description": "In the order of their names", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Products" } } } },
              \#(OpenAPI.failures)
            }
          }
        }
        """#

    static let openAPIParameters = #"""
        "Product": {
          "name": "product", "in": "query", "required": true, "description": "SYMBOL, or venue:SYMBOL for another than the default venue",
          "schema": { "type": "string", "minLength": 1, "maxLength": 100 }, "example": "BTC-USD"
        },
        "Kind": {
          "name": "kind", "in": "query", "required": true,
          "schema": { "type": "string", "enum": ["orderbook", "buy", "sell", "midpoint-summation", "midpoint-difference"] }
        },
        "IfNoneMatch": { "name": "If-None-Match", "in": "header", "required": false, "schema": { "type": "string" } },
        "IfModifiedSince": { "name": "If-Modified-Since", "in": "header", "required": false, "schema": { "type": "string" } }
        """#

    static let openAPISchemas = #"""
        "Images": {
          "type": "object",
          "required": ["midpoint", "png1", "png2", "png3", "png4", "size", "date"],
          "properties": {
            "midpoint": { "type": ["string", "null"], "description": "A decimal number as text", "examples": ["97163.505"] },
            "png1": { "type": ["string", "null"], "contentEncoding": "base64", "contentMediaType": "image/png", "description": "Order book" },
            "png2": { "type": ["string", "null"], "contentEncoding": "base64", "contentMediaType": "image/png", "description": "Buys" },
            "png3": { "type": ["string", "null"], "contentEncoding": "base64", "contentMediaType": "image/png", "description": "Sells" },
            "png4": { "type": ["string", "null"], "contentEncoding": "base64", "contentMediaType": "image/png", "description": "Midpoint, difference field" },
            "size": { "type": "integer", "minimum": 0, "description": "Samples, and pixels a side" },
            "date": { "type": ["string", "null"], "format": "date-time", "description": "When it was drawn" }
          }
        },
        "Products": {
          "type": "object", "required": ["products"],
          "properties": { "products": { "type": "array", "items": { "$ref": "#/components/schemas/Product" } } }
        },
        "Product": {
          "type": "object",
          "required": [
            "product", "venue", "source", "size", "max_size", "midpoint", "calculated_at", "age", "last_sample_at", "samples", "redraw_interval",
            "version"
          ],
          "properties": {
            "product": { "type": "string" },
            "venue": { "type": ["string", "null"], "description": "Null: the default venue" },
            "source": { "type": ["string", "null"], "description": "LIVE, REPLAY or SYNTHETIC, as the venue said; null before the first sample, and if another program wrote the newest" },
            "size": { "type": "integer", "minimum": 0, "description": "Samples in the latest drawing; 0 before the first" },
            "max_size": { "type": ["integer", "null"], "description": "Samples kept" },
            "midpoint": { "type": ["string", "null"], "description": "A decimal number as text" },
            "calculated_at": { "type": ["string", "null"], "format": "date-time" },
            "age": { "type": ["number", "null"], "description": "Seconds since calculated_at" },
            "last_sample_at": { "type": ["string", "null"], "format": "date-time" },
            "samples": { "type": ["integer", "null"], "description": "Before the first drawing, how many of the 21 samples it needs are there; then null" },
            "redraw_interval": { "type": ["number", "null"], "description": "Seconds between two drawings, at least" },
            "version": { "type": "integer", "description": "Grows with each drawing" }
          }
        }
        """#
}
