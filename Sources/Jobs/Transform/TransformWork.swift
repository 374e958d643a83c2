import Lake
import Postgres
import Runtime
import Synchronization
import Warehouse

/// Objects from the lake to the tables: pairs of lanes, of which one reads while Postgres works for the other, or both do the same.
struct TransformWork: Sendable {
    let name: String
    let live: LakeLocation
    let archive: LakeLocation?
    let source: any ObjectSource
    let tally: TransformTally
    let log: Log
    let stop: Stop
    /// How long a Postgres that is away is waited for.
    let patience: Duration
    let connect: @Sendable () throws(PostgresError) -> Connection

    static let threadsInPair = 2

    /// Returns when nothing is left or the stop was requested; throws the first lane's error when all have ended.
    func run(pairs: Int) throws {
        for outcome in Thread.concurrently(Self.threadsInPair * pairs, { _ in try runLane() }) { try outcome.get() }
    }

    /// With each connection the schema is looked at, since a migration may be why the last one went.
    func connected() throws -> Connection {
        let connection = try connect()
        try Schema.verify(connection)
        return connection
    }

    private func runLane() throws {
        var lane = TransformLane(self)
        try lane.run()
    }
}

/// How a thread's work ended.
final class Outcome: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)

    func set(_ result: Result<Void, any Error>) { self.result.withLock { $0 = result } }

    /// Once the thread has ended.
    func get() throws { try result.withLock { try $0?.get() } }
}
