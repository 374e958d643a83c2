import FoundationEssentials
import HTTP
import Testing
import Warehouse

@testable import API

@Suite struct OpenAPITests {
    private struct Document: Decodable {
        struct Operation: Decodable {
            let operationId: String
            let responses: [String: Component]
        }
        struct Component: Decodable {}
        struct Components: Decodable {
            let parameters: [String: Component]
            let headers: [String: Component]
            let responses: [String: Component]
            let schemas: [String: Component]
        }
        let openapi: String
        let paths: [String: [String: Operation]]
        let components: Components
    }

    private func document() throws -> Document { try JSONDecoder().decode(Document.self, from: Data(OpenAPI.document.utf8)) }

    @Test("describes every route of the router, and no other")
    func complete() throws {
        let described = try document().paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } }
        let routed = ServedRoutes.router(crossOrigin: .any).routes.map { "\($0.method) \($0.path)" }
        #expect(described.sorted() == routed.sorted())
    }

    @Test("every operation has a name of its own")
    func names() throws {
        let names = try document().paths.values.flatMap { $0.values.map(\.operationId) }
        #expect(Set(names).count == names.count)
    }

    @Test("every operation tells the errors that nginx and the handlers may answer anywhere")
    func failures() throws {
        for operation in try document().paths.values.flatMap(\.values) {
            let missing = Set(["400", "405", "408", "413", "414", "429", "500", "502", "503", "504"]).subtracting(operation.responses.keys)
            #expect(missing.isEmpty, "\(operation.operationId)")
        }
    }

    @Test("every reference leads somewhere")
    func references() throws {
        let components = try document().components
        let known =
            components.parameters.keys.map { "parameters/\($0)" } + components.headers.keys.map { "headers/\($0)" }
            + components.responses.keys.map { "responses/\($0)" } + components.schemas.keys.map { "schemas/\($0)" }
        let references = OpenAPI.document.split(separator: "#/components/").dropFirst().map { String($0.prefix { $0 != "\"" }) }
        #expect(references.count > 20)
        #expect(Set(references).subtracting(known).isEmpty)
        #expect(Set(known).subtracting(references).isEmpty)
    }

    @Test("names the kinds of images that there are")
    func kinds() throws {
        let list = ImageKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        #expect(OpenAPI.document.contains("\"enum\": [\(list)]"))
    }
}
