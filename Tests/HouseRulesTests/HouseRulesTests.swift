import Foundation
import Testing

/// The rules of the house that a machine can check.
@Suite struct HouseRulesTests {
    /// Which modules a module may import, besides the toolchain's.
    static let layers: [String: Set<String>] = [
        "Market": [], "Analysis": ["CGramian"], "HTTP": [], "Base64": ["CBase64"], "Runtime": ["CSystem"],
        "Postgres": ["CPostgres"], "FastCGI": ["CFastCGI", "HTTP", "Runtime"], "Curl": ["CCurl", "Runtime"], "Deflate": ["CISAL"],
        "Digest": ["CCrypto"], "PNG": ["CPNG", "Deflate"], "Lake": ["Curl", "Deflate", "Digest", "Runtime"],
        "Exchanges": ["Market", "Curl", "Runtime"], "Warehouse": ["Market", "Postgres"],
        "API": ["Base64", "HTTP", "Market", "Exchanges", "Warehouse", "Postgres", "Runtime"],
        "Jobs": ["Market", "Analysis", "PNG", "Exchanges", "Warehouse", "Lake", "Digest", "Postgres", "Curl", "Runtime"],
    ]
    static let toolchain: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch"]

    @Test("a module imports only what stands below it", arguments: SourceTree.sources.filter { $0.module != "cryptogaf" })
    func layers(file: SourceTree.File) throws {
        let allowed = try #require(Self.layers[file.module], "\(file.module) has no place among the layers")
        #expect(Set(file.imports).subtracting(Self.toolchain).subtracting(allowed) == [])
    }

    @Test("a C library is imported by at most three files of its wrapper and by nobody else")
    func cImports() {
        let importers = SourceTree.sources.filter { $0.imports.contains { $0.hasPrefix("C") && $0.dropFirst().first?.isUppercase == true } }
        let perLibrary = Dictionary(grouping: importers.filter { $0.module != "cryptogaf" }, by: \.module)
        #expect(
            Set(perLibrary.keys).isSubset(of: ["Postgres", "FastCGI", "Curl", "Deflate", "Digest", "PNG", "Analysis", "Base64", "Runtime"]))
        for (module, files) in perLibrary { #expect(files.count <= 3, "\(module): \(files.map(\.path))") }
    }

    @Test("only the program reads the environment")
    func environment() {
        #expect(
            SourceTree.sources.filter { $0.text.contains("processInfo.environment") || $0.text.contains("getenv(") }.map(\.path)
                == ["Sources/cryptogaf/CryptoGAF.swift"])
    }

    @Test("most files are under 200 lines, and none is past 400")
    func length() {
        let lengths = (SourceTree.sources + SourceTree.tests).map { ($0.path, $0.lines.count) }
        #expect(lengths.filter { $0.1 > 400 }.map(\.0) == [])
        #expect(lengths.count { $0.1 > 200 } * 5 <= lengths.count, "more than a fifth is past 200 lines")
    }

    @Test(
        "nothing unfinished or unchecked stands in the sources",
        arguments: ["TODO", "FIXME", "XXX", "fatalError(", "try!", "as!", "print(error)", "nonisolated(unsafe)"])
    func unfinished(mark: String) {
        #expect(SourceTree.sources.filter { $0.text.contains(mark) }.map(\.path) == [])
    }

    @Test("an unchecked Sendable says which invariant holds, in the line above")
    func uncheckedSendable() {
        for file in SourceTree.sources {
            for (n, line) in file.lines.enumerated() where line.contains("@unchecked Sendable") {
                #expect(n > 0 && file.lines[n - 1].contains("//"), "\(file.path):\(n + 1)")
            }
        }
    }

    @Test("a public type is documented")
    func documented() {
        let kinds = ["struct", "enum", "class", "final class", "protocol"]
        for file in SourceTree.sources {
            for (n, line) in file.lines.enumerated() where kinds.contains(where: { line.hasPrefix("public \($0) ") }) {
                // Attributes may stand between.
                let above = file.lines[..<n].last { !$0.hasPrefix("@") } ?? ""
                #expect(above.hasPrefix("///"), "\(file.path):\(n + 1)")
            }
        }
    }

    @Test("no name says nothing")
    func names() {
        let empty = ["Manager", "Helper", "Util", "Common", "Misc"]
        #expect(
            (SourceTree.sources + SourceTree.tests).map(\.path)
                .filter { path in empty.contains { path.split(separator: "/").last?.contains($0) == true } } == [])
    }

    @Test("the top level holds what it should and nothing else")
    func topLevel() throws {
        let fixed: Set<String> = [
            "Package.swift", "Sources", "Tests", "nginx", "cronjobs", "sql", "helm", "README.md", "Makefile", "LICENSE",
        ]
        let found = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path).filter { !$0.hasPrefix(".") }
        #expect(Set(found).subtracting(fixed) == [])
    }

    @Test("nobody but the program imports the program")
    func programOnTop() {
        #expect(SourceTree.sources.filter { $0.imports.contains("cryptogaf") }.map(\.path) == [])
    }
}
