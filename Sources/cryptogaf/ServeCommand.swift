import API
import FastCGI
import HTTP
import Postgres
import Runtime
import Warehouse

/// The FastCGI handlers behind nginx.
struct ServeCommand: Command {
    static let name = "serve"
    static let summary = "the FastCGI handlers: images, products, health, metrics"
    static let options =
        Endpoint.options + [
            .value("--threads", "N", "requests answered at the same time, each with a connection to Postgres (default 16)"),
            .value(
                "--health", "HOST:PORT",
                "answer /healthz/ and /readyz there too, where no request is before them, and /healthz/ also while Postgres hangs"),
        ]
    static let requires: Set<Configuration.Section> = [.postgres]
    static let details = """
        One of --socket and --listen is needed. ALLOW_ORIGIN names the origins whose pages may read the answers: * (the default), a list
        separated by commas, or nothing. TRACE_REQUESTS=true gives each read's connection the request's id as its application_name, for one
        more word with Postgres per request. POSTGRES_POOLED=true is for a pooler before Postgres. Handlers only read, so they may run as
        a user of the role cryptogaf_api, and on a replica.

        Example: cryptogaf serve --socket /run/cryptogaf/serve.sock --threads 16
        """

    private let endpoint: Endpoint
    private let health: Endpoint?
    private let threads: Int
    private let tracesRequests: Bool
    private let crossOrigin: CrossOrigin
    private let database: ConnectionOptions

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        endpoint = try Endpoint(arguments)
        health = try arguments.string("--health").map { try Endpoint(address: $0, of: "--health") }
        tracesRequests = configuration.tracesRequests
        threads = try arguments.int("--threads", default: 16, in: 1...256)
        crossOrigin = CrossOrigin(configuration.allowOrigin)
        var database = configuration.postgres(as: Self.name)
        // A client waits for less than a batch job does.
        database.connectTimeout = .seconds(2)
        database.statementTimeout = .seconds(10)
        self.database = database
    }

    func run(_ program: Program) throws {
        ServerProcess.prepare()
        let listening = try ListeningSocket(endpoint)
        try answerHealth(program)
        try verifySchema(program.log)
        let server = Server(listening, threads: threads, log: program.log)
        program.log.info("serve.started", ["endpoint": .text("\(listening.endpoint)"), "threads": .integer(threads)])
        server.run(ServedRoutes.router(crossOrigin: crossOrigin), stop: program.stop) { [database, tracesRequests] in
            Database(database, tracesRequests: tracesRequests)
        }
        program.log.info("serve.stopped")
    }

    /// On a socket and threads of its own: who asks whether we live waits neither behind those whom we keep waiting, nor behind those who
    /// wait for Postgres.
    private func answerHealth(_ program: Program) throws {
        guard let health else { return }
        let listening = try ListeningSocket(health)
        program.log.info("serve.health", ["endpoint": .text("\(listening.endpoint)")])
        let readiness = Readiness(database)
        Thread.detach {
            Server(listening, threads: Readiness.threads, log: program.log).run(ServedRoutes.health(), stop: program.stop) { readiness }
        }
    }

    /// Another schema than ours ends the program. A database that is away does not: it may come, and `/readyz` tells until then.
    private func verifySchema(_ log: Log) throws {
        do {
            try Schema.verify(Connection(database))
        } catch let error as PostgresError where error.isRetryable {
            log.warning("serve.database_away", ["error": .text("\(error)")])
        }
    }
}

extension ListenError: ExitCoded {
    var exitCode: ExitCode { .unavailable }
}
