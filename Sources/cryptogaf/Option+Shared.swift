/// Options that several commands have.
extension Option {
    /// Of what can be tried out from its command line and environment alone.
    static let rehearsal = Option.flag("--dry-run", "check options and environment, connect to nothing, and end")

    /// Of what loads from the lake; `Arguments.workers` reads it.
    static let workers = Option.value("--jobs", "N", "workers, each of two threads and two connections to Postgres (default 1)")
}

extension Arguments {
    func workers() throws -> Int { try int(Option.workers.name, default: 1, in: 1...16) }
}
