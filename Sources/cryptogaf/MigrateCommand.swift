import Postgres
import Runtime
import Warehouse

/// Brings the database to this program's schema.
struct MigrateCommand: Command {
    static let name = "migrate"
    static let summary = "brings the database to this program's schema"
    static let options: [Option] = [
        .value(
            "--wait", "TIME", "change nothing: wait for at most this time until Postgres answers and has this program's schema, such as 10m"
        )
    ]
    static let requires: Set<Configuration.Section> = [.postgres, .session]
    static let details = """
        Applies the files of sql/migrations that this database has not had, in order, and the files of sql/functions that have changed
        (SQL_DIR names another place than ./sql). A database of the predecessors is adopted with all its rows. Running it again does
        nothing; two at once wait for each other. With --wait any user of the database may ask; it ends with 0 as soon as the schema is
        there, and at once with 78 if the database has a newer one.

        The user must be a member of the role cryptogaf_owner and may create schemas in the database. If the roles cryptogaf_owner,
        cryptogaf_worker and cryptogaf_api do not exist, it must be allowed to create roles.
        """

    private let options: ConnectionOptions
    private let directory: String
    /// Nil: migrate.
    private let patience: Duration?

    static func requires(for words: [String]) -> Set<Configuration.Section> {
        words.contains { $0.hasPrefix("--wait") } ? [.postgres] : requires
    }

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        guard arguments.operands.isEmpty else { throw UsageError("migrate takes no operand (got \"\(arguments.operands[0])\")") }
        options = configuration.postgres(as: Self.name)
        patience = try arguments.duration("--wait", in: .seconds(1) ... .seconds(86_400))
        directory = configuration.sqlDirectory
    }

    func run(_ program: Program) throws {
        if let patience { return try SchemaWait(options, patience: patience).run(program) }
        let connection = try Connection(options) { notice in
            program.log.debug("migrate.notice", ["severity": .text(notice.severity), "message": .text(notice.message)])
        }
        try Migrator(connection, directory: directory) { event in
            switch event {
            case .waiting: program.log.info("migrate.waiting", ["reason": "another migration is running"])
            case .applied(let migration): program.log.info("migrate.applied", ["migration": .text(migration)])
            case .replaced(let function): program.log.info("migrate.replaced", ["function": .text(function)])
            }
        } isStopped: {
            program.stop.isRequested
        }.run()
        program.log.info("migrate.finished", ["schema": .integer(Schema.version)])
    }
}

extension MigrationError: ExitCoded {
    /// 65: what the database has had and what the files say differ.
    var exitCode: ExitCode { cause.map { ExitCode($0) } ?? .data }
}

extension SchemaError: ExitCoded {
    var exitCode: ExitCode { .configuration }
}
