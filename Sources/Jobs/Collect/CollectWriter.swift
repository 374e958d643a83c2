import FoundationEssentials
import Glibc
import Market
import Postgres
import Runtime
import Warehouse

/// The thread that owns the connection to Postgres: it leads as long as that very connection holds the lock, and writes what the
/// reader reads. When Postgres goes away it keeps what it has in hand, and continues where it was if nobody else led meanwhile.
final class CollectWriter {
    private let options: CollectOptions
    private let queue: CollectQueue
    private let log: Log
    private let stop: Stop

    private var ledger = CollectLedger()
    private var orders: CollectOrders?
    private var term = 0
    /// Products whose last sample Postgres refused: its trades are lost, which the next sample's gap tells.
    private var refused: Set<String> = []
    private var failures: [String: FailureNote] = [:]
    private var hasLed = false
    private var outage: Outage
    private var graceEnd: ContinuousClock.Instant?

    /// Whoever holds it writes samples.
    private static let lock = AdvisoryLock(.collect, "collect")
    private static let lockRetry: Duration = .milliseconds(500)

    init(_ options: CollectOptions, queue: CollectQueue, log: Log, stop: Stop) {
        self.options = options
        self.queue = queue
        self.log = log
        self.stop = stop
        outage = Outage(log)
    }

    /// Returns when the queue is closed and empty, or the stop came while another leads. Throws what time does not mend.
    func run() throws {
        while true {
            do {
                return try lead(Connection(options.postgres))
            } catch let error as PostgresError where !options.once && (error.isRetryable || hasLed) {
                guard wait(outage.begin(error)) else { return giveUp() }
            }
        }
    }

    private func lead(_ connection: Connection) throws {
        try Schema.verify(connection)
        guard try acquireLock(connection) else { return }
        // Once more: while another led, somebody may have migrated.
        try Schema.verify(connection)
        try beginTerm(connection)
        try serve(connection)
    }

    /// False: the stop came first.
    private func acquireLock(_ connection: Connection) throws -> Bool {
        var isWaiting = false
        while true {
            if try Self.lock.tryAcquire(on: connection) { return true }
            if !isWaiting {
                isWaiting = true
                standDown()
                outage.end()
                log.info("collect.waiting", ["reason": "another collector leads"])
            }
            guard stop.sleep(for: Self.lockRetry) else { return false }
        }
    }

    private func standDown() {
        ledger = CollectLedger()
        orders = nil
        queue.order(nil)
    }

    /// Continues the term if the database is as we left it, else begins a new one.
    private func beginTerm(_ connection: Connection) throws {
        let targets = try FeedRepository(connection).targets()
        let continues = hasLed && orders != nil && ledger.reconcile(with: targets)
        if !continues {
            standDown()
            ledger.adopt(targets)
            term += 1
            log.info("collect.leading", ["products": .integer(targets.count)])
        }
        hasLed = true
        publish(targets)
    }

    private func publish(_ targets: [CollectTarget]) {
        let products = targets.map {
            CollectedProduct(
                product: $0.product, aggregation: $0.aggregation, depth: $0.depth, lastTrade: $0.lastTrade, overtakenAt: $0.overtakenAt)
        }
        guard orders?.term != term || orders?.products != products else { return }
        orders = CollectOrders(term: term, revision: (orders?.revision ?? 0) + 1, products: products)
        queue.order(orders)
    }
}

// MARK: - Writing

extension CollectWriter {
    private func serve(_ connection: Connection) throws {
        var refreshAt = ContinuousClock.now + options.refreshInterval
        var notesAt = ContinuousClock.now
        while true {
            let isClosed = try takeAndWrite(connection, waiting: max(.zero, ContinuousClock.now.duration(to: refreshAt)))
            // Only now: on a full disk, connecting and reading go well.
            outage.end()
            let now = ContinuousClock.now
            if isClosed || (now >= notesAt && !failures.isEmpty) {
                try writeFailures(connection)
                notesAt = now + options.refreshInterval
            }
            if isClosed { return }
            if now >= refreshAt {
                refreshAt = now + options.refreshInterval
                publish(try FeedRepository(connection).targets())
            }
        }
    }

    /// True: nothing will follow.
    private func takeAndWrite(_ connection: Connection, waiting limit: Duration) throws -> Bool {
        // What a lost connection left in hand goes first.
        if !ledger.inHand.isEmpty { try write(connection) }
        let work = queue.take(waiting: limit)
        ledger.take(work.samples)
        for (product, note) in work.failures { self.note(note, of: product) }
        if !ledger.inHand.isEmpty { try write(connection) }
        return work.isClosed
    }

    private func write(_ connection: Connection) throws {
        var uncounted = refused
        var records: [SampleRecord] = []
        for sample in ledger.inHand {
            let gaps = (sample.gap == nil ? 0 : 1) + (uncounted.remove(sample.sample.product) == nil ? 0 : 1)
            records.append(SampleRecord(sample.sample, source: sample.source, gaps: gaps))
        }
        let rejected = try SampleRepository(connection).append(records)
        refused = uncounted
        for rejected in rejected {
            ledger.drop(rejected.product)
            // Without a cause the product was removed while its answer was on the way.
            guard let cause = rejected.cause else { continue }
            refused.insert(rejected.product)
            log.error("collect.refused", ["product": .text(rejected.product), "error": .text("\(cause)")])
            note(FailureNote(count: 1, code: "refused", error: "\(cause)", at: Date()), of: rejected.product)
        }
        ledger.confirm()
    }

    private func note(_ note: FailureNote, of product: String) {
        var sum = note
        sum.count += failures[product]?.count ?? 0
        failures[product] = sum
    }

    private func writeFailures(_ connection: Connection) throws {
        guard !failures.isEmpty else { return }
        do {
            try FeedRepository(connection).record(
                failures.map { product, note in
                    FeedFailures(product: product, count: note.count, code: note.code, error: note.error, at: note.at)
                })
        } catch {
            guard error.isRetryable == false else { throw error }
            // What cannot be written down must not keep the samples from being written.
            log.error("collect.failures-unwritten", ["products": .integer(failures.count), "error": .text("\(error)")])
        }
        failures = [:]
    }
}

// MARK: - Outages

extension CollectWriter {
    /// False: the stop came, and nothing is left to write or its grace is over.
    private func wait(_ duration: Duration) -> Bool {
        guard stop.isRequested || queue.isClosed else {
            _ = stop.sleep(for: duration)
            return true
        }
        let end = graceEnd ?? .now + options.grace
        graceEnd = end
        guard !ledger.inHand.isEmpty || !queue.isFinished, ContinuousClock.now < end else { return false }
        usleep(200_000)
        return true
    }

    private func giveUp() {
        let count = ledger.inHand.count + queue.take(waiting: .zero).samples.count
        guard count > 0 else { return }
        log.warning("collect.unwritten", ["samples": .integer(count), "note": "their trades will be read again after the next start"])
    }
}
