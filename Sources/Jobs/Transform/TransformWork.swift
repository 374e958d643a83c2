import Lake
import Postgres
import Runtime
import Synchronization

/// Objects from the lake to the tables: pairs of lanes that read in turns, while Postgres works for the other or for both.
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

    /// A pair's, to read.
    final class Turn: Sendable {
        let reading = Mutex(())
    }

    static let threadsInPair = 2

    /// Returns when nothing is left or the stop was requested; throws the first lane's error when all have ended.
    func run(pairs: Int) throws {
        let turns = (0..<pairs).map { _ in Turn() }
        for outcome in Thread.concurrently(Self.threadsInPair * pairs, { lane in try runLane(turns[lane / Self.threadsInPair]) }) {
            try outcome.get()
        }
    }

    private func runLane(_ turn: Turn) throws {
        var lane = TransformLane(self, turn)
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
