import FastCGI
import Runtime

/// What a container's probes run: asks the handlers over FastCGI, without nginx.
struct ProbeCommand: Command {
    static let name = "probe"
    static let summary = "asks handlers over FastCGI whether they answer; for the probes of a container"
    static let options: [Option] = [
        .value("--connect", "HOST:PORT", "the handlers' IPv4 address; without HOST on this machine"),
        .value("--socket", "PATH", "their Unix socket"),
        .value("--path", "PATH", "what to ask for (default /healthz/, whether they live; /readyz: whether Postgres answers them)"),
        .value("--timeout", "TIME", "for the whole answer (default 2s)"),
    ]
    static let details = """
        Ends with 0 if the answer is a 2xx, else with 69. Needs no environment. While Postgres hangs /readyz is answered with 503 within 5 s,
        so a --timeout of 6s tells that from handlers that hang.

        Example: cryptogaf probe --connect :9001 --path /readyz --timeout 6s
        """

    private let endpoint: Endpoint
    private let path: String
    private let patience: Duration

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        guard arguments.operands.isEmpty else { throw UsageError("probe takes no operand (got \"\(arguments.operands[0])\")") }
        switch (arguments.string("--socket"), arguments.string("--connect")) {
        case (let path?, nil): endpoint = .socket(path: path)
        case (nil, let address?): endpoint = try Endpoint(address: address, of: "--connect")
        default: throw UsageError("one of --connect and --socket is needed")
        }
        path = arguments.string("--path") ?? "/healthz/"
        guard path.hasPrefix("/"), path.utf8.count <= Inquiry.pathLimit else {
            throw UsageError("--path takes a path of at most \(Inquiry.pathLimit) bytes, such as /readyz")
        }
        patience = try arguments.duration("--timeout", in: .milliseconds(10) ... .seconds(300)) ?? .seconds(2)
    }

    func run(_ program: Program) throws {
        let answer = try Inquiry(endpoint, patience: patience).get(path)
        guard (200...299).contains(answer.status) else { throw Unwell(status: answer.status, path: path, body: answer.body) }
    }
}

/// Handlers that answer, but not well.
private struct Unwell: ExitCoded, CustomStringConvertible {
    let status: Int
    let path: String
    let body: String

    var description: String { "\(path) is answered with \(status): \(body.prefix(500))" }
    var exitCode: ExitCode { .unavailable }
}

extension InquiryError: ExitCoded {
    var exitCode: ExitCode { .unavailable }
}
