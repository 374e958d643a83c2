import Curl
import Exchanges
import FoundationEssentials
import Lake
import Market
import Postgres
import Runtime
import Warehouse

/// Asks for many targets at many venues at once, and puts what comes into the lake byte for byte, what cannot be used as well: of a
/// question at most as many answers as it has tries. Answers about the venue's clock are no data, and stay in the log.
final class IngestPass {
    private let context: JobContext
    private let fetcher: VenueFetcher
    private let bronze: Bronze
    private var clocks: VenueClocks
    /// By venue.
    private var targets: [String: [any IngestTarget]] = [:]
    private var failed: Set<ExtractionKey> = []
    /// Asked with success, refused for good by itself, or with nothing to ask.
    private var reached: Set<ExtractionKey> = []
    private let notesExtractions: Bool
    private(set) var counts: JobCounts = [:]

    /// - Parameters:
    ///   - notesExtractions: whether `extraction_metadata` is told how the targets fare.
    ///   - clocks: of venues that need not be asked for the time.
    init(_ settings: IngestSettings, _ context: JobContext, notesExtractions: Bool = true, clocks: [String: ClockOffset] = [:]) throws {
        self.clocks = VenueClocks(clocks, log: context.log)
        self.notesExtractions = notesExtractions
        self.context = context
        let options = VenueFetcher.Options(timeout: settings.timeout, patience: settings.patience)
        fetcher = try VenueFetcher(options, budgets: VenueBudgetRepository(context.connection), log: context.log, stop: context.stop)
        bronze = try Bronze(settings.lake, context.connection, log: context.log, stop: context.stop)
    }

    /// Keys of the objects written.
    var keys: [String] { bronze.keys }
    /// By venue, as far as they are known.
    var knownClocks: [String: ClockOffset] { clocks.known }

    /// Returns when nothing is left to ask, or to wait for after a stop. Throws a `JobFailure` when the lake does not take everything.
    func run(_ targets: [any IngestTarget]) throws {
        count("targets", targets.count)
        self.targets = Dictionary(grouping: try inTurn(targets), by: \.site.name)
        for (_, targets) in self.targets.sorted(by: { $0.key < $1.key }) { begin(targets) }
        while let reply = try fetcher.next() {
            try take(reply)
            if bronze.isFull { try put(bronze.write) }
        }
        try put(bronze.flush)
        summarise()
    }

    /// First those that were never asked, then those that were asked longest ago: a venue's limit may not allow all in one run.
    private func inTurn(_ targets: [any IngestTarget]) throws -> [any IngestTarget] {
        guard notesExtractions, let channel = targets.first?.key.channel else { return targets }
        let turns = try ExtractionRepository(context.connection).turns(channel)
        let places = targets.enumerated().map { (turns[$1.key] ?? -1, $0) }
        return targets.indices.sorted { places[$0] < places[$1] }.map { targets[$0] }
    }

    /// Throws when there were targets, and none of them was reached.
    func requireSuccess() throws {
        try context.requireReached(counts, evidence: "the log and crypto_gaf.extraction_metadata say why")
    }

    private func count(_ name: String, _ number: Int = 1) { counts[name, default: 0] += number }

    private func put(_ write: () throws -> Void) throws {
        do {
            try write()
        } catch let error as LakeError {
            summarise()
            throw JobFailure("the lake took not everything: \(error)", counts: counts, cause: error)
        }
    }

    private func summarise() {
        counts["objects"] = bronze.objects
        counts["bytes"] = bronze.bytes
        counts["failed"] = failed.count
        counts["reached"] = reached.count
        counts["requests"] = fetcher.statistics.requests
        counts["retries"] = fetcher.statistics.retries
        counts["rate_limited"] = fetcher.statistics.rateLimited
    }
}

// MARK: - Questions

extension IngestPass {
    /// The venue's clock first: it tells which candles are closed.
    private func begin(_ targets: [any IngestTarget]) {
        guard let site = targets.first?.site else { return }
        guard !clocks.isKnown(of: site), site.venue.request(.time, baseURL: site.baseURL) != nil else { return targets.forEach(ask) }
        fetcher.ask(VenueInquiry(site, .time, symbol: "time"))
    }

    private func ask(_ target: any IngestTarget) {
        let now = clocks[target.site].time(context.now())
        guard let question = target.nextQuestion(now: now) else {
            reached.insert(target.key)
            return
        }
        fetcher.ask(VenueInquiry(target.site, question, symbol: target.key.symbol, target: target))
    }
}

// MARK: - Replies

extension IngestPass {
    private func take(_ reply: VenueReply) throws {
        guard !clocks.isRefused(of: reply.inquiry.site) else { return }
        guard reply.isFinal else { return try keepRefusal(reply) }
        do throws(VenueError) { try clocks.learn(from: reply) } catch { return refuse(reply.inquiry.site, error) }
        guard let target = reply.inquiry.target else { return begin(after: reply) }
        switch reply.outcome {
        case .answered(let response): try take(response, reply, target)
        case .refused(let response, let error):
            try keep(response, reply, target)
            if error.isAboutQuestion { reached.insert(target.key) }
            fail(target, "\(error)")
        case .failed(let error): fail(target, "\(error)")
        case .postponed(let reason): fail(target, reason, wasAsked: reply.inquiry.tries > 0)
        }
    }

    private func take(_ response: Response, _ reply: VenueReply, _ target: any IngestTarget) throws {
        let asOf = clocks[target.site].time(reply.requestedAt)
        switch Result(catching: { () throws(AnswerError) in try target.accept(response.body, asOf: asOf) }) {
        case .success(let answer):
            reached.insert(target.key)
            count("answers")
            count("records", answer.records)
            tellMissing(answer, target)
            let standing = answer.standing?.time(receivedAt: response.receivedAt)
            try keep(response, reply, target, ExtractionUpdate(target.key, lastOpenTime: standing, records: answer.records))
            ask(target)
        case .failure(let error):
            try keep(response, reply, target)
            // Half a page or a maintenance notice; the next answer may be sound.
            if error.fault == .unreadable, fetcher.retry(reply.inquiry) { return }
            fail(target, "the answer cannot be read: \(error)")
        }
    }

    /// Names of markets in one line of the log.
    private static let names = 20

    /// A market that is asked for by name is refused when it is listed no more; of all at once it is only not there.
    private func tellMissing(_ answer: IngestedAnswer, _ target: any IngestTarget) {
        guard !answer.missing.isEmpty else { return }
        count("missing", answer.missing.count)
        context.log.warning(
            "ingest.missing",
            [
                "venue": .text(target.key.exchange), "channel": .text(target.key.channel.rawValue),
                "markets": .integer(answer.missing.count),
                "names": .text(answer.missing.prefix(Self.names).map(\.description).joined(separator: " ")),
                "reason": "the venue's answer about all markets has no ticker with a price of them",
            ])
    }

    private func keepRefusal(_ reply: VenueReply) throws {
        guard let target = reply.inquiry.target, let response = reply.outcome.response else { return }
        try keep(response, reply, target)
    }

    /// Also what cannot be used: it is the evidence.
    private func keep(_ response: Response, _ reply: VenueReply, _ target: any IngestTarget, _ update: ExtractionUpdate? = nil) throws {
        let key = target.key
        let object = RawObject(
            exchange: key.exchange, symbol: key.symbol, channel: key.channel.rawValue, interval: key.interval?.code, url: response.url,
            requestedAt: reply.requestedAt, receivedAt: response.receivedAt, clockOffset: clocks[target.site].milliseconds,
            status: response.status, body: response.body)
        try bronze.add(object, notesExtractions ? update.map { [$0] } ?? [] : [])
    }

    private func fail(_ target: any IngestTarget, _ reason: String, wasAsked: Bool = true) {
        note(target, reason, wasAsked: wasAsked)
        context.log.warning(
            "ingest.failed", ["venue": .text(target.key.exchange), "symbol": .text(target.key.symbol), "error": .text(reason)])
    }

    private func note(_ target: any IngestTarget, _ reason: String, wasAsked: Bool) {
        failed.insert(target.key)
        target.fail(reason)
        guard notesExtractions else { return }
        bronze.note(ExtractionUpdate(target.key, error: String(reason.filter { $0 != "\0" }.prefix(500)), wasAsked: wasAsked))
    }

    /// One line of the log for a venue of which nothing can be had, however much is fetched there.
    private func fail(_ targets: [any IngestTarget], at site: VenueSite, _ reason: String, event: String = "ingest.venue_away") {
        for target in targets { note(target, reason, wasAsked: false) }
        context.log.warning(event, ["venue": .text(site.name), "targets": .integer(targets.count), "error": .text(reason)])
    }

    /// In this run nothing is fetched of a venue by whose clock nobody can tell what is closed.
    private func refuse(_ site: VenueSite, _ error: VenueError) {
        fetcher.drop(site)
        let left = targets[site.name, default: []].filter { !reached.contains($0.key) }
        fail(left, at: site, "\(error)", event: "ingest.clock_refused")
    }

    /// Without its clock a venue's targets are asked for all the same, unless it did not answer at all, or denies us everything: then each would
    /// only wait in vain.
    private func begin(after reply: VenueReply) {
        let site = reply.inquiry.site
        let targets = targets[site.name, default: []]
        switch reply.outcome {
        case .answered: targets.forEach(ask)
        case .refused(_, let error) where error.isAboutQuestion: targets.forEach(ask)
        case .refused(_, let error), .failed(let error): fail(targets, at: site, "\(error)")
        case .postponed(let reason): fail(targets, at: site, reason)
        }
    }
}
