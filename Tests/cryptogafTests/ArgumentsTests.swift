import Testing

@testable import cryptogaf

@Suite struct ArgumentsTests {
    private let options = [
        Option.value("--threads", "N", ""), .value("--for", "TIME", ""), .values("--file", "PATH", ""), .flag("--once", ""),
    ]

    private func parse(_ words: String...) throws -> Arguments { try Arguments(words, accepting: options) }

    @Test("a value may follow its option or stand behind an equals sign")
    func values() throws {
        #expect(try parse("--threads", "4").int("--threads", in: 1...8) == 4)
        #expect(try parse("--threads=4").int("--threads", in: 1...8) == 4)
        #expect(try parse().int("--threads", default: 16, in: 1...256) == 16)
    }

    @Test("an option may be one that stands several times, and keeps their order")
    func repeated() throws {
        #expect(try parse("--file", "b", "--once", "--file=a").strings("--file") == ["b", "a"])
        #expect(try parse().strings("--file") == [])
    }

    @Test("operands keep their order, and after -- everything is one")
    func operands() throws {
        let arguments = try parse("add", "--once", "BTC-USD", "--", "--threads", "-x")
        #expect(arguments.operands == ["add", "BTC-USD", "--threads", "-x"])
        #expect(arguments.flag("--once"))
    }

    @Test(
        "times are seconds or carry a unit",
        arguments: [
            ("0.5", Duration.milliseconds(500)), ("75s", .seconds(75)), ("250ms", .milliseconds(250)), ("5m", .seconds(300)),
            ("1h", .seconds(3600)), ("0", .zero), ("0.25", .milliseconds(250)),
        ])
    func durations(text: String, expected: Duration) throws {
        #expect(try parse("--for", text).duration("--for", in: .zero ... .seconds(3600)) == expected)
    }

    @Test(
        "what cannot be understood is named",
        arguments: [
            (["--thread", "4"], "there is no option --thread"),
            (["--threads"], "--threads needs a value: N"),
            (["--threads", "4", "--threads", "5"], "--threads stands twice"),
            (["--once=yes"], "--once takes no value"),
            (["--threads", "0"], "--threads takes a whole number from 1 to 256 (got \"0\")"),
            (["--threads", "4x"], "--threads takes a whole number from 1 to 256 (got \"4x\")"),
            (["--for", "-1s"], "--for takes a time from 0s to 1h, such as 0.5, 250ms, 75s or 5m (got \"-1s\")"),
            (["--for", "1e3"], "--for takes a time from 0s to 1h, such as 0.5, 250ms, 75s or 5m (got \"1e3\")"),
            (["--for", "2h"], "--for takes a time from 0s to 1h, such as 0.5, 250ms, 75s or 5m (got \"2h\")"),
        ])
    func refused(words: [String], expected: String) {
        let message: String?
        do {
            let arguments = try Arguments(words, accepting: options)
            _ = try arguments.int("--threads", in: 1...256)
            _ = try arguments.duration("--for", in: .zero ... .seconds(3600))
            message = nil
        } catch { message = "\(error)" }
        #expect(message == expected)
    }
}
