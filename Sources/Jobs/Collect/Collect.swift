public import Runtime
import Synchronization

/// The tight loop: order books and market orders of every product, appended to `crypto_gaf.samples`.
///
/// This thread reads the venues, a second one writes to Postgres, and a bounded queue lies between: a slow database never delays a
/// tick, a slow venue never delays a commit. `since` moves on with what the queue accepted; after a restart it is what the last
/// committed sample says, so that no trade is counted twice and none is skipped.
public enum Collect {
    /// Returns after the stop was requested, or after one tick (`once`), when everything read is written.
    ///
    /// Throws what time does not mend, such as a schema of another version, and with `once` every failure.
    public static func run(_ options: CollectOptions, log: Log, stop: Stop) throws {
        let queue = CollectQueue(limit: options.queueLimit)
        let reader = try CollectReader(options, queue: queue, log: log, stop: stop)
        let failure = Mutex<(any Error)?>(nil)
        let writer = Thread {
            do {
                try CollectWriter(options, queue: queue, log: log, stop: stop).run()
            } catch {
                failure.withLock { $0 = error }
            }
            // The reader has nobody to read for any more.
            queue.close()
        }
        let total = reader.run()
        writer.join()
        if let error = failure.withLock({ $0 }) { throw error }
        if options.once, total.rows == 0, total.failures > 0 { throw CollectError(failures: total.failures) }
    }
}

/// One tick was asked for, and no product answered.
public struct CollectError: Error, CustomStringConvertible {
    public let failures: Int

    public var description: String { "no product could be read (\(failures) failed); the log says why" }
}
