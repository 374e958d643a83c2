import Curl
import Exchanges
import FoundationEssentials
import Market
import Runtime

/// A question on its way to a venue, through as many tries as it takes.
final class VenueInquiry {
    let site: VenueSite
    let question: VenueQuestion
    /// What it is about, for messages.
    let symbol: String
    /// Whose question it is; nil: the fetcher's user knows.
    let target: (any IngestTarget)?
    /// Tries so far.
    private(set) var tries = 0
    private var backoff = Backoff(first: .milliseconds(250), limit: .seconds(10))
    /// When the last try went out.
    private(set) var askedAt = Date()

    init(_ site: VenueSite, _ question: VenueQuestion, symbol: String, target: (any IngestTarget)? = nil) {
        self.site = site
        self.question = question
        self.symbol = symbol
        self.target = target
    }

    var weight: Int { site.weight(question) }

    /// Nil: the venue does not answer such a question.
    func request(timeout: Duration) -> Request? {
        guard var request = site.venue.request(question, baseURL: site.baseURL) else { return nil }
        request.timeout = timeout
        request.connectTimeout = min(request.connectTimeout, timeout)
        return request
    }

    func noteTry(at now: Date) {
        tries += 1
        askedAt = now
    }

    func nextWait() -> Duration { backoff.next() }

    func error(_ error: TransferError) -> VenueError { VenueError(error, venue: site.name, symbol: symbol) }

    /// - Parameter time: of the venue's clock, milliseconds since 1970 UTC.
    func error(clock time: Int64, _ response: Response) -> VenueError {
        func text(_ date: Date) -> String { date.formatted(Date.ISO8601FormatStyle()) }
        return VenueError(
            .wrongClock, venue: site.name, symbol: symbol, url: response.url,
            message:
                "its clock shows \(text(Date(milliseconds: time))) where ours shows \(text(response.receivedAt)): more than an hour apart")
    }

    func error(_ refusal: VenueRefusal, _ response: Response) -> VenueError {
        // That no clock is where it was says nothing of what stands elsewhere.
        let isMoved = question == .time && response.status == 404 && refusal.code == .denied
        return VenueError(
            isMoved ? .rejected : refusal.code, venue: site.name, symbol: symbol, url: response.url, message: refusal.message,
            retryAfter: refusal.retryAfter)
    }
}

/// What came of a question, or of one of its tries.
struct VenueReply {
    enum Outcome {
        /// An answer that claims to hold data.
        case answered(Response)
        /// An answer that holds none.
        case refused(Response, VenueError)
        /// No answer.
        case failed(VenueError)
        /// It was not asked, or not again: its turn does not come within this run.
        case postponed(String)

        var response: Response? {
            switch self {
            case .answered(let response), .refused(let response, _): response
            case .failed, .postponed: nil
            }
        }
    }

    let inquiry: VenueInquiry
    let outcome: Outcome
    /// When the try went out, by this machine's clock.
    let requestedAt: Date
    /// False: another reply to the question will come.
    let isFinal: Bool

    init(_ inquiry: VenueInquiry, _ outcome: Outcome, isFinal: Bool = true) {
        self.inquiry = inquiry
        self.outcome = outcome
        self.isFinal = isFinal
        requestedAt = inquiry.askedAt
    }
}
