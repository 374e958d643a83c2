import Testing

@testable import cryptogaf

@Suite("The options of cryptogaf exchange")
struct ExchangeCommandTests {
    private static func command(_ words: [String]) throws -> ExchangeCommand {
        try ExchangeCommand(
            Arguments(words, accepting: ExchangeCommand.options), Configuration(environment: [:], readFile: { _ in nil }))
    }

    @Test(
        "what does not go together is a usage error that says so",
        arguments: [
            ([], "exchange needs one of --capture and --synthetic"),
            (["--capture", "x", "--synthetic", "1"], "exchange needs one of --capture and --synthetic"),
            (["--synthetic", "1"], "one of --socket and --listen is needed"),
            (["--synthetic", "1", "--socket", "s", "--socket-mode", "888"], "--socket-mode takes an octal number up to 777 (got \"888\")"),
            (["--synthetic", "1", "--listen", "4201"], "--listen 4201 is not HOST:PORT with an IPv4 address"),
            (["--synthetic", "one"], "--synthetic takes a whole number as its seed (got \"one\")"),
            (["--synthetic", "1", "--loop"], "--step and --loop go with --capture"),
            (["--capture", "x", "--products", "3"], "--products goes with --synthetic; a capture has the products it has"),
            (["--capture", "x", "--step", "0.05", "--speed", "2"], "--step has no clock that --speed could run faster"),
            (["--synthetic", "1", "--speed", "0"], "--speed takes a number from 0.001 to 10000 (got \"0\")"),
            (["--synthetic", "1", "--speed", "1x"], "--speed takes a number from 0.001 to 10000 (got \"1x\")"),
            (["--synthetic", "1", "more"], "exchange takes no operand (got \"more\")"),
        ])
    func refused(words: [String], expected: String) {
        let error = #expect(throws: UsageError.self) { try Self.command(words) }
        #expect(error?.description == expected)
    }
}
