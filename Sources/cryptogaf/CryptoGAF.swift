import FoundationEssentials
import Glibc
import Runtime

/// The program: finds the command, reads the environment once, and turns an error into one line and an exit code.
@main
enum CryptoGAF {
    static let version = "0.1.0"

    /// In the order of `cryptogaf --help`.
    static var commands: [any Command.Type] {
        [
            MigrateCommand.self, ProductCommand.self, CollectCommand.self, CalculateCommand.self, ServeCommand.self, ExchangeCommand.self,
            ReplayCommand.self, SymbolsCommand.self, BackfillCommand.self, JobCommand.self, ProbeCommand.self,
        ]
    }

    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        exit(start(words, environment: ProcessInfo.processInfo.environment).rawValue)
    }

    private static func start(_ words: [String], environment: [String: String]) -> ExitCode {
        switch words.first {
        case nil:
            complain(overview)
            return .usage
        case "help" where words.count > 1 && !words[1].hasPrefix("-"):
            return start(Array(words.dropFirst()) + ["--help"], environment: environment)
        case "--help", "-h", "help":
            print(overview)
            return .ok
        case "--version":
            print("cryptogaf \(version)")
            return .ok
        case .some(let name):
            guard let command = commands.first(where: { $0.name == name }) else {
                complain("cryptogaf: there is no command \"\(name)\"; cryptogaf --help lists them")
                return .usage
            }
            return run(command, Array(words.dropFirst()), environment)
        }
    }

    private static func run(_ command: any Command.Type, _ words: [String], _ environment: [String: String]) -> ExitCode {
        if words.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            print(command.help(for: words), terminator: "")
            return .ok
        }
        do {
            let arguments = try Arguments(words, accepting: command.options(for: words))
            let configuration = try Configuration(environment: environment, requires: command.requires(for: words)) { path in
                try? String(contentsOfFile: path, encoding: .utf8)
            }
            let instance = try command.init(arguments, configuration)
            let stop = Stop()
            stop.onSignals()
            let progress = ProgressLine()
            defer { progress.end() }
            try instance.run(Program(log: log(configuration, environment, progress), stop: stop, progress: progress))
            return .ok
        } catch {
            report(error, from: command.name, environment)
            return ExitCode(error)
        }
    }

    private static var onTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Known also where the rest of the configuration is what is wrong.
    private static func format(_ environment: [String: String]) -> Log.Format {
        environment["LOG_FORMAT"].flatMap(Log.Format.init) ?? (onTerminal ? .text : .json)
    }

    private static func log(_ configuration: Configuration, _ environment: [String: String], _ progress: ProgressLine) -> Log {
        Log(format: format(environment), minimum: Log.Level(rawValue: configuration.logLevel) ?? .info, write: progress.log)
    }

    /// A sentence for a person; elsewhere an event, as all others are logged.
    private static func report(_ error: any Error, from command: String, _ environment: [String: String]) {
        let format = format(environment)
        guard onTerminal, format == .text else {
            return Log(format: format).error("program.failed", ["command": .text(command), "error": .text("\(error)")])
        }
        complain("cryptogaf \(command): \(error)")
        if error is UsageError { complain("cryptogaf \(command) --help tells what it takes") }
    }

    private static func complain(_ line: String) { Log.standardError(line) }

    private static var overview: String {
        var text = """
            Usage: cryptogaf <command> [options]

            Crypto GAF collects order books, draws them as Gramian angular field images and serves them.


            """
        text += HelpText.rows(commands.map { (name: $0.name, meaning: $0.summary) })
        return text + "\ncryptogaf help <command> tells more; --version prints the version."
    }
}
