import Curl
import Exchanges
import FoundationEssentials
import Postgres
import Runtime
import Warehouse

/// Many questions to many venues at once, from one thread: `ask` puts questions in, `next` takes replies out, one that ends each question
/// and one for every answer that was refused before. Every venue is asked within its rate limit, which it shares with all other
/// processes, and none has to wait for another.
final class VenueFetcher {
    struct Options: Sendable {
        /// For one try.
        var timeout: Duration
        /// For all questions together: what has had no turn by then is left to the next run.
        var patience: Duration
    }

    /// What the replies do not tell.
    struct Statistics {
        var requests = 0
        var retries = 0
        var rateLimited = 0
    }

    private let client: Client
    private let budgets: VenueBudgetRepository
    private let options: Options
    private let deadline: ContinuousClock.Instant
    private let log: Log
    private let stop: Stop
    private var lanes: [String: VenueLane] = [:]
    private var asked: [Client.ID: VenueInquiry] = [:]
    private var replies: [VenueReply] = []
    private(set) var statistics = Statistics()

    /// Of a question, the first included.
    private static let triesLimit = 3
    /// How long a venue is left alone that complains without saying for how long.
    private static let pause: Duration = .seconds(5)
    private static let pauseLimit: Duration = .seconds(24 * 3600)

    init(_ options: Options, budgets: VenueBudgetRepository, log: Log, stop: Stop) throws {
        client = try Client(userAgent: "cryptogaf")
        self.budgets = budgets
        self.options = options
        self.log = log
        self.stop = stop
        deadline = .now + options.patience
    }

    func ask(_ inquiry: VenueInquiry) { lane(inquiry.site).enqueue(inquiry) }

    /// Asks again what was answered uselessly; false: it has been asked often enough.
    func retry(_ inquiry: VenueInquiry) -> Bool {
        guard inquiry.tries < Self.triesLimit else { return false }
        statistics.retries += 1
        lane(inquiry.site).rest(inquiry, until: .now + inquiry.nextWait())
        return true
    }

    /// Nothing more is asked of that venue of what waits; what is under way is still replied to.
    func drop(_ site: VenueSite) { _ = lane(site).clear() }

    /// Waits for a reply; nil: nothing is left to wait for. After a stop only what is under way is waited for. Throws when the shared
    /// budgets cannot be reached.
    func next() throws -> VenueReply? {
        while replies.isEmpty {
            try dispatch()
            guard replies.isEmpty else { break }
            let turns = lanes.values.compactMap(\.nextTurn)
            guard !asked.isEmpty || !turns.isEmpty else { return nil }
            let wake = stop.isRequested ? nil : stop.descriptor
            for completion in client.poll(until: turns.reduce(max(deadline, .now + .seconds(1)), min), wake: wake) {
                try complete(completion)
            }
        }
        return replies.removeFirst()
    }

    private func lane(_ site: VenueSite) -> VenueLane {
        if let lane = lanes[site.name] { return lane }
        let lane = VenueLane(site, at: .now)
        lanes[site.name] = lane
        return lane
    }
}

// MARK: - Asking

extension VenueFetcher {
    private func dispatch() throws {
        for lane in lanes.values where !lane.isIdle {
            if stop.isRequested {
                postpone(lane, "the run was stopped")
            } else if ContinuousClock.now >= deadline {
                postpone(lane, "the run's time was over before its turn came")
            } else if let reason = lane.closed {
                postpone(lane, reason)
            } else {
                while let inquiry = try lane.next(at: .now, budgets) { submit(inquiry, lane) }
                if lane.notBefore > deadline {
                    let seconds = Int(ContinuousClock.now.duration(to: lane.notBefore) / .seconds(1))
                    let name = lane.site.name
                    postpone(
                        lane,
                        lane.isPaused
                            ? "\(name) asks to be left alone for \(seconds) s more" : "the limit of \(name) has no turn for \(seconds) s")
                }
            }
        }
    }

    private func postpone(_ lane: VenueLane, _ reason: String) {
        replies += lane.clear().map { VenueReply($0, .postponed(reason)) }
    }

    private func submit(_ inquiry: VenueInquiry, _ lane: VenueLane) {
        inquiry.noteTry(at: Date())
        do throws(TransferError) {
            guard let request = inquiry.request(timeout: options.timeout) else {
                throw TransferError(.invalidRequest, url: inquiry.site.baseURL, message: "the venue does not answer such a question")
            }
            asked[try client.submit(request)] = inquiry
            statistics.requests += 1
        } catch {
            lane.noteEnd(isFailure: false)
            replies.append(VenueReply(inquiry, .failed(inquiry.error(error))))
        }
    }
}

// MARK: - Answers

extension VenueFetcher {
    private func complete(_ completion: Client.Completion) throws {
        guard let inquiry = asked.removeValue(forKey: completion.id) else { return }
        let lane = lane(inquiry.site)
        switch completion.result {
        case .failure(let transfer):
            lane.noteEnd(isFailure: true)
            let error = inquiry.error(transfer)
            try settle(inquiry, error, .failed(error), lane)
        case .success(let response):
            guard let refusal = inquiry.site.venue.refusal(response) else {
                lane.noteEnd(isFailure: false)
                return replies.append(VenueReply(inquiry, .answered(response)))
            }
            lane.noteEnd(isFailure: refusal.code == .down)
            let error = inquiry.error(refusal, response)
            try settle(inquiry, error, .refused(response, error), lane)
        }
    }

    /// Rests it for another try, or lets it end.
    private func settle(_ inquiry: VenueInquiry, _ error: VenueError, _ outcome: VenueReply.Outcome, _ lane: VenueLane) throws {
        if error.code == .rateLimited { try pause(lane, error) }
        // Whoever asks next would hear the same.
        if error.code == .denied { lane.close("\(lane.site.name) answers nobody here: \(error.message)") }
        if lane.isDown {
            replies.append(VenueReply(inquiry, outcome))
            return postpone(lane, "\(lane.site.name) does not answer: \(error.message)")
        }
        guard error.isRetryable, !stop.isRequested, retry(inquiry) else { return replies.append(VenueReply(inquiry, outcome)) }
        if outcome.response != nil { replies.append(VenueReply(inquiry, outcome, isFinal: false)) }
    }

    /// The whole venue, for every process: a limit by address concerns all of us.
    private func pause(_ lane: VenueLane, _ error: VenueError) throws {
        statistics.rateLimited += 1
        let pause = min(error.retryAfter ?? Self.pause, Self.pauseLimit)
        lane.pause(until: .now + pause)
        try budgets.pause(lane.site.name, for: pause, reason: String(error.message.prefix(200)))
        log.warning(
            "ingest.rate_limited",
            ["venue": .text(lane.site.name), "pause_seconds": .number(pause / .seconds(1)), "error": .text("\(error)")])
    }
}
