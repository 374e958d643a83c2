public import Foundation

/// The repository that this file stands in.
public enum Repository {
    public static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    public static var sql: String { "\(root)/sql" }
}

/// The inputs and oracles that lie beside the repository, or beside a directory above it; never part of it.
public enum Shared {
    /// Nil when there are none. `CRYPTOGAF_SHARED` names another place.
    public static let root: String? = {
        if let named = ProcessInfo.processInfo.environment["CRYPTOGAF_SHARED"] { return named }
        var url = URL(fileURLWithPath: Repository.root)
        while url.path != "/" {
            url.deleteLastPathComponent()
            let candidate = url.appendingPathComponent("shared")
            if FileManager.default.fileExists(atPath: candidate.appendingPathComponent("oracles").path) { return candidate.path }
        }
        return nil
    }()

    /// For `.enabled(if: Shared.isPresent, "skipped: no ../shared")`.
    public static var isPresent: Bool { root != nil }

    public static func path(_ relative: String) throws -> String {
        guard let root else { throw ClusterError(message: "there is no ../shared") }
        return "\(root)/\(relative)"
    }

    public static func data(_ relative: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path(relative)))
    }
}

/// The program of this build, beside the tests that run.
public enum Program {
    public static let path: String = {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("cryptogaf").path
    }()

    /// The environment for it: ours without what would point at another database, and with `overrides`.
    public static func environment(_ overrides: [String: String] = [:]) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PG") && !$0.key.hasPrefix("POSTGRES_") }
        environment["SQL_DIR"] = Repository.sql
        environment.merge(overrides) { $1 }
        return environment
    }

    /// Starts `cryptogaf` and returns at once.
    public static func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Subprocess {
        try Subprocess(path, arguments, environment: self.environment(environment))
    }

    private static let script = "/usr/bin/script"
    /// For `.enabled(if: Program.hasTerminal, "skipped: no script(1)")`.
    public static var hasTerminal: Bool { FileManager.default.isExecutableFile(atPath: script) }

    /// Runs `cryptogaf` to its end on a terminal of its own; its output is all that a person sees there.
    ///
    /// - Parameter arguments: without apostrophes.
    public static func runOnTerminal(_ arguments: [String], environment: [String: String] = [:]) throws -> Subprocess.Result {
        let command = ([path] + arguments).map { "'\($0)'" }.joined(separator: " ")
        return try Subprocess.run(script, ["-qec", command, "/dev/null"], environment: self.environment(environment))
    }

    /// Runs `cryptogaf` to its end.
    public static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Subprocess.Result {
        try Subprocess.run(path, arguments, environment: self.environment(environment))
    }
}
