import Dispatch
import Lake
import Runtime
import Synchronization

/// Puts objects into the lake on a thread of its own, batch after batch: whoever fetches them goes on while disks, or a far bucket, take
/// their time. What has not been begun when this object goes is not written.
final class LakeWriter {
    typealias Batch = [(key: String, bytes: [UInt8])]
    /// In the order of the batch.
    typealias Results = [Result<Void, LakeError>]

    private let line = Line()
    private var thread: Thread?

    init(_ location: LakeLocation, log: Log, stop: Stop) {
        thread = Thread(stackBytes: 4 << 20) { [line] in
            // A store is for one thread.
            let store = Result { () throws(LakeError) in try location.open(log: log, stop: stop) }
            while let batch = line.next() {
                switch store {
                case .success(let store): line.finish(store.putAll(batch).map(\.result))
                case .failure(let error): line.finish(batch.map { _ in .failure(error) })
                }
            }
        }
    }

    deinit {
        line.close()
        thread.take()?.join()
    }

    func put(_ batch: Batch) { line.put(batch) }

    /// Of the oldest batch whose results were not taken yet; nil: it is not written yet.
    ///
    /// - Parameter waits: until it is; there must be one.
    func results(waits: Bool) -> Results? { line.results(waits: waits) }

    /// Between the two threads.
    private final class Line: Sendable {
        private struct State {
            var batches: [Batch] = []
            var results: [Results] = []
        }

        private let state = Mutex(State())
        /// Counts batches; beyond them, the end.
        private let arrivals = DispatchSemaphore(value: 0)
        private let departures = DispatchSemaphore(value: 0)

        func put(_ batch: Batch) {
            state.withLock { $0.batches.append(batch) }
            arrivals.signal()
        }

        func close() {
            state.withLock { $0.batches = [] }
            arrivals.signal()
        }

        /// Nil: there will be none any more.
        func next() -> Batch? {
            arrivals.wait()
            return state.withLock { $0.batches.isEmpty ? nil : $0.batches.removeFirst() }
        }

        func finish(_ results: Results) {
            state.withLock { $0.results.append(results) }
            departures.signal()
        }

        func results(waits: Bool) -> Results? {
            guard departures.wait(timeout: waits ? .distantFuture : .now()) == .success else { return nil }
            return state.withLock { $0.results.removeFirst() }
        }
    }
}
