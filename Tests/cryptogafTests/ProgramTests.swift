import TestSupport
import Testing

@testable import cryptogaf

/// The built program's manners: help, version, exit codes of sysexits.h.
@Suite struct ProgramTests {
    private static let commands = CryptoGAF.commands.map { $0.name }

    @Test("help lists every command, and each command tells what it takes", arguments: ["--help", "-h", "help"])
    func help(word: String) throws {
        let run = try Program.run([word], environment: [:])
        #expect(run.status == 0)
        for command in Self.commands { #expect(run.output.contains("\n  \(command) "), "\(command)") }
    }

    @Test("each command's help stands alone: it needs no environment and does nothing", arguments: commands)
    func commandHelp(command: String) throws {
        let run = try Program.run([command, "--no-such-option", "--help"], environment: [:])
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("Usage: cryptogaf \(command)"))
        #expect(run.output.contains("--help"))
        #expect(try Program.run(["help", command], environment: [:]).output == run.output)
    }

    @Test("help is no wider than a terminal, of a job too")
    func width() throws {
        let jobs = JobCommand.entries.map { ["job", $0.name] }
        for words in [[]] + Self.commands.map({ [$0] }) + jobs {
            let run = try Program.run(["help"] + words, environment: [:])
            #expect(run.status == 0)
            #expect(run.output.split(separator: "\n").filter { $0.count > HelpText.width } == [], "\(words)")
        }
        #expect(try Program.run(["help", "draw"], environment: [:]).status == 64)
    }

    @Test("what ends a command is told as LOG_FORMAT says, even where the environment is what is wrong", arguments: ["text", "json"])
    func format(_ format: String) throws {
        let run = try Program.run(["migrate"], environment: ["LOG_FORMAT": format, "LOG_LEVEL": "loud"])
        #expect(run.status == 78 && run.errors.contains("program.failed") && run.errors.contains("LOG_LEVEL"), "\(run.errors)")
        #expect(run.errors.hasPrefix("{") == (format == "json"), "\(run.errors)")
    }

    @Test("--version is one line")
    func version() throws {
        let run = try Program.run(["--version"], environment: [:])
        #expect(run.status == 0)
        #expect(run.output.wholeMatch(of: /cryptogaf \d+\.\d+\.\d+\n/) != nil)
    }

    @Test("a command line that cannot be understood ends with 64 and says why")
    func usage() throws {
        #expect(try Program.run([], environment: [:]).status == 64)
        let unknown = try Program.run(["draw"], environment: [:])
        #expect(unknown.status == 64 && unknown.errors.contains("there is no command \"draw\""))
        let option = try Program.run(["serve", "--sockets", "x"], environment: [:])
        #expect(option.status == 64 && option.errors.contains("there is no option --sockets"))
    }

    @Test("an environment that is not usable ends with 78, and everything wrong with it stands in one line")
    func environment() throws {
        let run = try Program.run(["collect"], environment: ["SLEEP_INTERVAL": "soon", "POSTGRES_PORT": "0"])
        #expect(run.status == 78)
        for name in ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PORT", "SLEEP_INTERVAL"] {
            #expect(run.errors.contains(name), "\(name)")
        }
        #expect(run.errors.split(separator: "\n").count == 1)
        #expect(run.errors.hasPrefix("{\"time\":"), "JSON, since this is no terminal")
    }

    @Test("serve ends with 69 where it cannot listen")
    func listen() throws {
        let database = try TestPostgres.database()
        let run = try Program.run(["serve", "--socket", "/nowhere/serve.sock"], environment: database.environment(as: "test_api"))
        #expect(run.status == 69)
        #expect(run.errors.contains("/nowhere/serve.sock"))
    }
}
