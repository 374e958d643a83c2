import FoundationEssentials

/// The directory `sql/`: bootstrap.sql, migrations/ and functions/.
struct SQLFiles {
    struct File {
        let name: String
        let text: String
    }

    let directory: String

    func bootstrap() throws(MigrationError) -> String { try read("bootstrap.sql").text }
    func migrations() throws(MigrationError) -> [File] { try list("migrations") }
    func functions() throws(MigrationError) -> [File] { try list("functions") }

    /// In the order of their names.
    private func list(_ folder: String) throws(MigrationError) -> [File] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(folder)")
        } catch {
            throw MigrationError("cannot read the directory \(directory)/\(folder) (set SQL_DIR to where sql/ is)", cause: error)
        }
        var files: [File] = []
        for name in names.sorted() where name.hasSuffix(".sql") {
            files.append(File(name: name, text: try read("\(folder)/\(name)").text))
        }
        return files
    }

    private func read(_ name: String) throws(MigrationError) -> File {
        do {
            return File(name: name, text: try String(contentsOf: URL(filePath: "\(directory)/\(name)"), encoding: .utf8))
        } catch {
            throw MigrationError("cannot read \(directory)/\(name) (set SQL_DIR to where sql/ is)", cause: error)
        }
    }
}
