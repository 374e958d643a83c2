import FoundationEssentials
import Postgres
import Runtime
import Warehouse

/// One thread of `CalculateJob`: looks for products that are due and draws them, one after the other, over a connection of its own.
struct CalculateWorker {
    private let job: CalculateJob
    private let index: Int
    private let started: ContinuousClock.Instant
    private var painter: ProductPainter?
    /// Set while Postgres is away.
    private var away: (backoff: Backoff, error: any Error)?
    private var tally = CalculateJob.Tally()
    private var resting = RestingProducts()
    /// With `.once`: the products that were due at the beginning and are so still; nil: nobody has looked yet.
    private var pending: Set<String>?
    /// With `.once`: how often the connection was lost in a product's drawing. Such products come last, so that one which always breaks
    /// it keeps none waiting, and are given up in the end.
    private var breaks: [String: Int] = [:]
    private static let breakLimit = 3
    private var isDisabled = false
    /// When something was drawn last, or somebody else's drawing seen to be done.
    private var lastProgress: ContinuousClock.Instant

    /// With `.once`, between two looks at products that others are drawing: about a drawing's time.
    private static let lookInterval = Duration.milliseconds(50)

    init(_ job: CalculateJob, index: Int, started: ContinuousClock.Instant) {
        self.job = job
        self.index = index
        self.started = started
        lastProgress = started
    }

    mutating func run() throws -> CalculateJob.Tally {
        while !isOver {
            let passStarted = ContinuousClock.now
            do {
                if try isEnabled() { try pass() }
                noteReturn()
                guard pending?.isEmpty != true, !hasLostPatience, !isDisabled || job.options.schedule.isEndless else { break }
                guard job.stop.sleep(until: passStarted + interval) else { break }
            } catch let error where isAway(error) {
                try waitForPostgres(error)
            }
        }
        if let away, !job.stop.isRequested { throw away.error }
        if hasLostPatience { tally.failed.formUnion(pending ?? []) }
        return tally
    }

    private var isOnce: Bool { job.options.schedule == .once }

    private var interval: Duration {
        if case .repeating(let interval, _) = job.options.schedule { interval } else { Self.lookInterval }
    }

    private var isOver: Bool {
        if case .repeating(_, let duration?) = job.options.schedule, started.duration(to: .now) >= duration { return true }
        return job.stop.isRequested
    }

    private var hasLostPatience: Bool { isOnce && lastProgress.duration(to: .now) > job.options.patience }
}

extension CalculateWorker {
    /// Looked up before each pass: a run may last, and whoever switches drawing off means now.
    private mutating func isEnabled() throws -> Bool {
        let isEnabled = try JobRepository(connected()).isEnabled(CalculateJob.name)
        if isEnabled == isDisabled, index == 0 {
            let reason = isEnabled ? "it is switched on again" : "it is switched off in crypto_gaf.jobs"
            job.log.info(isEnabled ? "job.enabled" : "job.disabled", ["job": .text(CalculateJob.name), "reason": .text(reason)])
        }
        isDisabled = !isEnabled
        return isEnabled
    }

    /// One look at what is due, and a drawing of each.
    private mutating func pass() throws {
        let connection = try connected()
        var due = try GafRepository(connection).due(ignoringInterval: isOnce).map(\.product)
        if isOnce {
            due = due.filter { pending?.contains($0) ?? true }
            if due.count < pending?.count ?? 0 { lastProgress = .now }
            pending = Set(due)
            due = due.filter { breaks[$0] == nil } + due.filter { breaks[$0] != nil }
        }
        // Several workers begin at different products, or all would queue at the first one's lock.
        for product in due[rotatedBy: index * due.count / job.options.threads] {
            guard !isOver else { return }
            guard !resting.contains(product, at: .now) else { continue }
            try draw(product)
        }
    }

    /// Throws only if the connection is lost.
    private mutating func draw(_ product: String) throws {
        let isOnce = isOnce
        do {
            guard let drawn = try painter?.draw(product, ignoringInterval: isOnce) else { return }
            tally.drawn += 1
            lastProgress = .now
            resting.remove(product)
            pending?.remove(product)
            job.log.debug(
                "calculate.drawn",
                [
                    "product": .text(product), "samples": .integer(drawn.samples), "bytes": .integer(drawn.bytes),
                    "milliseconds": .number(drawn.milliseconds),
                ])
        } catch {
            if !isOnce { resting.add(product, at: .now) }
            if needsConnection {
                breaks[product, default: 0] += 1
                if isOnce, breaks[product] == Self.breakLimit { giveUp(product, error) }
                throw error
            }
            giveUp(product, error)
            record(error, of: product)
        }
    }

    /// The product's own failure: the rest goes on.
    private mutating func giveUp(_ product: String, _ error: any Error) {
        tally.failed.insert(product)
        pending?.remove(product)
        job.log.error("calculate.failed", ["product": .text(product), "error": .text("\(error)")])
    }

    private func record(_ error: any Error, of product: String) {
        guard let connection = painter?.connection else { return }
        do {
            try FeedRepository(connection).record([
                FeedFailures(product: product, count: 1, code: "drawing", error: "calculate: \(error)", at: Date())
            ])
        } catch {
            job.log.warning("calculate.failure_not_recorded", ["product": .text(product), "error": .text("\(error)")])
        }
    }
}

extension CalculateWorker {
    private var needsConnection: Bool {
        guard let connection = painter?.connection else { return true }
        return connection.isBroken || connection.isInTransaction
    }

    private mutating func connected() throws -> Connection {
        if let painter, !needsConnection { return painter.connection }
        painter = nil
        let connection = try job.connect()
        // With each connection, since a migration may be why the last one went.
        try Schema.verify(connection)
        try GafRepository(connection).commitWithoutWaiting()
        painter = ProductPainter(connection)
        return connection
    }

    private func isAway(_ error: any Error) -> Bool {
        guard !(error is SchemaError) else { return false }
        return (error as? PostgresError)?.isRetryable ?? false || painter.map { _ in needsConnection } ?? false
    }

    private mutating func waitForPostgres(_ error: any Error) throws {
        if hasLostPatience { throw error }
        var backoff = away?.backoff ?? Backoff(first: .milliseconds(100), limit: .seconds(5))
        let wait = backoff.next()
        away = (backoff, error)
        job.log.warning("calculate.postgres_away", ["error": .text("\(error)"), "retry_in_seconds": .number(wait / .seconds(1))])
        _ = job.stop.sleep(for: wait)
    }

    private mutating func noteReturn() {
        guard away != nil else { return }
        away = nil
        job.log.info("calculate.postgres_back")
    }
}

/// Products that failed, and until when each is left alone: longer each time, so that one bad product does not fill the log.
struct RestingProducts {
    private var entries: [String: (until: ContinuousClock.Instant, backoff: Backoff)] = [:]

    func contains(_ product: String, at now: ContinuousClock.Instant) -> Bool { entries[product].map { now < $0.until } ?? false }

    mutating func add(_ product: String, at now: ContinuousClock.Instant) {
        var backoff = entries[product]?.backoff ?? Backoff(first: .seconds(1), limit: .seconds(30))
        entries[product] = (now + backoff.next(), backoff)
    }

    mutating func remove(_ product: String) { entries[product] = nil }
}

extension Array {
    /// The elements from `start` on, then those before it.
    fileprivate subscript(rotatedBy start: Int) -> [Element] { Array(self[start...] + self[..<start]) }
}
