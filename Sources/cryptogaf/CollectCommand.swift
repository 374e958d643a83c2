import Exchanges
import Jobs
import Postgres
import Runtime
import Warehouse

/// The tight loop that reads order books and market orders.
struct CollectCommand: Command {
    static let name = "collect"
    static let summary = "the tight loop: order books and market orders of every product, appended to crypto_gaf.samples"
    static let options: [Option] = [
        .value("--interval", "TIME", "from one sample of a product to the next, such as 0.25 or 250ms (default SLEEP_INTERVAL, else 1 s)"),
        .flag("--once", "take one sample of every product, and end"),
    ]
    static let requires: Set<Configuration.Section> = [.postgres, .session]
    static let details = """
        A product SYMBOL is read from a coinbase-local at COINBASE_URL, coinbase:SYMBOL from the public Coinbase Exchange API at
        COINBASE_EXCHANGE_URL within its rate limit. HTTP_TIMEOUT bounds one answer. Products that are added, changed or removed
        (cryptogaf product) are noticed within seconds. Any number may run: one collects, the others wait to take over.

        Example: cryptogaf collect --interval 0.25
        """

    private let options: CollectOptions

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        guard arguments.operands.isEmpty else { throw UsageError("collect takes no operand (got \"\(arguments.operands[0])\")") }
        var postgres = configuration.postgres(as: Self.name)
        // A server that hangs must not hold up a stop for longer than a supervisor waits.
        postgres.statementTimeout = .seconds(10)
        options = CollectOptions(
            interval: try arguments.duration("--interval", in: .milliseconds(10) ... .seconds(3600)) ?? configuration.sleepInterval,
            timeout: configuration.httpTimeout,
            once: arguments.flag("--once"),
            feeds: configuration.feeds,
            postgres: postgres)
    }

    func run(_ program: Program) throws {
        try Collect.run(options, log: program.log, stop: program.stop)
    }
}

extension CollectError: ExitCoded {
    var exitCode: ExitCode { .temporaryFailure }
}
