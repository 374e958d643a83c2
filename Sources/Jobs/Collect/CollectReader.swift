import Curl
import Exchanges
import FoundationEssentials
import Market
import Runtime

/// The loop that asks the venues: one thread, all requests at once, ticks on an absolute schedule.
final class CollectReader {
    private let options: CollectOptions
    private let queue: CollectQueue
    private let log: Log
    private let stop: Stop
    private let client: Client

    private let venues: [VenuePoll]
    private var products: [String: ProductPoll] = [:]
    private var asked: [Client.ID: Poll] = [:]
    private var term: Int?
    private var revision: Int?
    private var batch: SampleBatch
    private var isPaused = false
    private var statistics = CollectStatistics()
    private var total = CollectStatistics()

    /// Between two looks whether it is our turn to lead.
    private static let idleWait: Duration = .milliseconds(50)

    init(_ options: CollectOptions, queue: CollectQueue, log: Log, stop: Stop) throws {
        self.options = options
        self.queue = queue
        self.log = log
        self.stop = stop
        client = try Client(userAgent: "cryptogaf-collect")
        venues = options.feeds.map { VenuePoll($0, at: .now) }
        batch = SampleBatch(linger: min(options.interval / 2, .milliseconds(200)))
    }

    /// Returns after the stop was requested, or after one tick, when everything read has been handed over.
    func run() -> CollectStatistics {
        while queue.orders == nil, !queue.isClosed {
            guard stop.sleep(for: Self.idleWait) else { break }
        }
        if options.once { runOnce() } else { runUntilStop() }
        finish()
        return total
    }

    private func runUntilStop() {
        var schedule = TickSchedule(start: .now, interval: options.interval)
        var nextSummary = ContinuousClock.now + options.summaryInterval
        while !stop.isRequested, !queue.isClosed {
            if let (tick, missed) = schedule.due(at: .now) {
                statistics.missedTicks += missed
                begin(tick)
            }
            step(until: min(schedule.next, nextSummary), wake: stop.descriptor)
            if ContinuousClock.now >= nextSummary {
                nextSummary += options.summaryInterval
                summarise()
            }
        }
    }

    private func runOnce() {
        begin(.now)
        while !stop.isRequested, isBusy { step(until: .now + options.timeout, wake: stop.descriptor) }
    }

    private var isBusy: Bool { products.values.contains { $0.poll != nil } }

    /// What is under way may end, nothing new begins.
    private func finish() {
        for venue in venues { venue.removeAll() }
        let deadline = ContinuousClock.now + options.grace
        while !asked.isEmpty, ContinuousClock.now < deadline { step(until: deadline, wake: nil) }
        flush()
        summarise(event: "collect.stopped")
        queue.close()
    }

    private func summarise(event: String = "collect.summary") {
        total.add(statistics)
        (event == "collect.stopped" ? total : statistics).log(event, products: products.count, to: log)
        statistics = CollectStatistics()
    }
}

// MARK: - Ticks

extension CollectReader {
    private func begin(_ tick: ContinuousClock.Instant) {
        adoptOrders()
        // What the last tick left open need not wait for its stragglers any longer.
        flush()
        guard term != nil else { return }
        guard hasRoom() else {
            statistics.pausedTicks += 1
            return
        }
        let now = ContinuousClock.now
        for product in products.values where product.isReady(at: now) { product.venue.enqueue(product.begin(tick: tick)) }
        dispatch()
    }

    private func hasRoom() -> Bool {
        let hasRoom = queue.hasRoom
        if isPaused == hasRoom {
            isPaused = !hasRoom
            if hasRoom { log.info("collect.resumed") } else { log.warning("collect.paused", ["reason": "the queue to Postgres is full"]) }
        }
        return hasRoom
    }

    /// Sends what may be sent, waits for an answer at most until the deadline, and deals with it.
    private func step(until deadline: ContinuousClock.Instant, wake: Int32?) {
        let now = ContinuousClock.now
        let turns = venues.compactMap { $0.nextTurn(at: now) } + [batch.deadline].compactMap(\.self)
        for completion in client.poll(until: turns.reduce(deadline) { min($0, $1) }, wake: wake) { complete(completion) }
        dispatch()
        if asked.isEmpty || batch.isDue(at: .now) { flush() }
    }

    private func dispatch() {
        for venue in venues {
            while let poll = venue.next(at: .now) { ask(poll) }
        }
    }

    private func ask(_ poll: Poll) {
        var request = poll.request
        request.timeout = options.timeout
        request.connectTimeout = min(request.connectTimeout, options.timeout)
        do throws(TransferError) {
            asked[try client.submit(request)] = poll
            if poll.isFirst { statistics.lateness.add(poll.tick.duration(to: .now)) }
            poll.isFirst = false
        } catch {
            fail(poll, VenueError(error, venue: poll.product.venue.feed.venue, symbol: poll.product.product.symbol))
        }
    }

    private func flush() {
        let samples = batch.take()
        if let term, !samples.isEmpty { queue.put(samples, term: term) }
    }
}

// MARK: - Answers

extension CollectReader {
    private func complete(_ completion: Client.Completion) {
        guard let poll = asked.removeValue(forKey: completion.id) else { return }
        do throws(VenueError) {
            switch completion.result {
            case .failure(let error):
                throw VenueError(error, venue: poll.product.venue.feed.venue, symbol: poll.product.product.symbol)
            case .success(let response):
                switch try poll.conversation.next(after: response) {
                case .ask(let request):
                    poll.request = request
                    poll.product.venue.enqueue(poll)
                case .done(let reading): accept(reading, of: poll)
                }
            }
        } catch {
            fail(poll, error)
        }
    }

    private func accept(_ reading: BookReading, of poll: Poll) {
        let product = poll.product
        var reading = reading
        if let since = product.overtakenAt { reading.gap = TradeGap(since: since, sequence: reading.flow.sequence, cause: .overtaken) }
        let failures = product.succeed(reading)
        if failures > 0 { log.info("collect.recovered", ["product": .text(product.product.id), "failures": .integer(failures)]) }
        if let gap = reading.gap {
            statistics.gaps += 1
            log.warning("collect.gap", ["product": .text(product.product.id), "gap": .text("\(gap)")])
        }
        statistics.rows += 1
        statistics.answered.add(poll.tick.duration(to: .now))
        let sample = Sample(product: product.product.id, sampledAt: Date(), book: reading.book, flow: reading.flow)
        batch.add(CollectedSample(sample: sample, source: reading.source, gap: reading.gap), at: .now)
    }

    private func fail(_ poll: Poll, _ error: VenueError) {
        let product = poll.product
        product.venue.heed(error, at: .now)
        product.fail(error, at: .now)
        statistics.failures += 1
        queue.note(error.code.label, "\(error)", of: product.product.id, at: Date())
        // The first, and then ever more rarely: a venue that is away must not fill the log.
        guard product.failures.nonzeroBitCount == 1 else { return }
        log.warning(
            "collect.failed",
            ["product": .text(product.product.id), "failures": .integer(product.failures), "error": .text("\(error)")])
    }
}

// MARK: - Orders

extension CollectReader {
    private func adoptOrders() {
        let orders = queue.orders
        let isNewTerm = orders?.term != term
        if isNewTerm {
            // Another collector may have written meanwhile: what we know of last trades is void.
            for product in products.values { remove(product) }
            products = [:]
            _ = batch.take()
            (term, revision) = (orders?.term, nil)
        }
        guard let orders, orders.revision != revision else { return }
        revision = orders.revision
        let wanted = Dictionary(orders.products.map { ($0.product, $0) }) { first, _ in first }
        for (id, product) in products where wanted[id] == nil {
            log.info("collect.product-removed", ["product": .text(id)])
            remove(product)
            products[id] = nil
        }
        for settings in orders.products {
            if let product = products[settings.product] { product.settings = settings } else { add(settings, quietly: isNewTerm) }
        }
    }

    /// Quietly at the start of a term, when all of them come at once.
    private func add(_ settings: CollectedProduct, quietly: Bool) {
        guard let product = try? Product(settings.product), let venue = venue(of: product) else {
            let known = venues.map(\.feed.venue).joined(separator: ", ")
            let error = "no venue of that name can be collected from; there are: \(known)"
            log.warning("collect.failed", ["product": .text(settings.product), "error": .text(error)])
            return queue.note("unknown_venue", error, of: settings.product, at: Date())
        }
        products[product.id] = ProductPoll(product, settings, venue: venue, interval: options.interval)
        log.log(
            quietly ? .debug : .info, "collect.product-added",
            [
                "product": .text(product.id), "venue": .text(venue.feed.venue),
                "last_trade": settings.lastTrade.map { .integer(Int($0)) } ?? "none",
            ])
    }

    private func venue(of product: Product) -> VenuePoll? {
        guard let name = product.venue else { return venues.first }
        return venues.first { $0.feed.venue == name }
    }

    private func remove(_ product: ProductPoll) {
        guard let poll = product.poll else { return }
        product.poll = nil
        product.venue.remove(poll)
        for (id, other) in asked where other === poll {
            client.cancel(id)
            asked[id] = nil
        }
    }
}
