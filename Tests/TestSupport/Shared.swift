public import FoundationEssentials

/// The files beside the repository: captures and reference outputs. They are large and not ours, so a test that needs them is
/// `.enabled(if: Shared.isPresent, Shared.absence)`.
public enum Shared {
    /// `../shared`, seen from the repository's root.
    public static let directory: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return root.deletingLastPathComponent().appending(path: "shared").path
    }()

    public static let isPresent = FileManager.default.fileExists(atPath: directory)

    /// Why a test was skipped.
    public static let absence = "skipped: no ../shared"

    public static func path(_ file: String) -> String { directory + "/" + file }

    public static func data(_ file: String) throws -> Data { try Data(contentsOf: URL(filePath: path(file))) }
}
