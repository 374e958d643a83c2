import Curl
import FoundationEssentials

extension VenueError.Code {
    /// What a status means to every venue; nil: it is 2xx.
    ///
    /// - Parameter isExplained: the body gives a reason in the form that the venue's API has for them. Without one nobody can tell that it
    ///   was the API that answered, and 401, 403, 407 and 451 are about who asks, whatever the reason.
    ///
    /// Source: RFC 9110, section 15; RFC 8470, section 5.2 (425); RFC 7725 (451)
    init?(_ response: Response, isExplained: Bool) {
        switch response.status {
        case 200..<300: return nil
        case 418, 429: self = .rateLimited
        // A firewall that says for how long: Binance's, when there were too many questions.
        case 403 where response.retryAfter != nil: self = .rateLimited
        case 408, 425, 500...: self = .down
        case 401, 403, 407, 451: self = .denied
        case 400..<500 where isExplained: self = .rejected
        default: self = .denied
        }
    }
}

extension VenueRefusal {
    /// What a status means that is not 2xx; nil: it is.
    /// - Parameter message: the venue's; nil: the body has none.
    init?(status response: Response, message: String? = nil) {
        guard let code = VenueError.Code(response, isExplained: message != nil) else { return nil }
        self.init(code, response, message: message)
    }

    /// Of a venue that refuses with a code in the body, whatever the status; nil: the body has none but `success`, and the status is 2xx.
    /// - Parameters:
    ///   - codeName, messageName: where the body has them.
    ///   - wait: how long a limit lasts where no header says so.
    ///   - meaning: of a code and its message; nil: what the status means, or that the question was wrong.
    init?(
        _ response: Response, code codeName: StaticString, success: String, message messageName: StaticString, wait: Duration? = nil,
        meaning: (String, String?) -> VenueError.Code?
    ) {
        let body = ErrorBody(response.body, code: codeName, message: messageName, until: success)
        guard let code = body.code, code != success else {
            self.init(status: response)
            return
        }
        let kind = meaning(code, body.message) ?? VenueError.Code(response, isExplained: true) ?? .rejected
        self.init(kind, response, message: body.message, retryAfter: kind == .rateLimited ? wait : nil)
    }

    /// - Parameter message: the venue's; nil: the body itself.
    init(_ code: VenueError.Code, _ response: Response, message: String? = nil, retryAfter: Duration? = nil) {
        let words = message.map { ": " + printable($0.utf8, limit: 200) } ?? excerpt(response.body)
        self.init(code, message: "status \(response.status)" + words, retryAfter: response.retryAfter ?? retryAfter)
    }
}

extension Response {
    /// How long until the time since 1970 that a venue tells, as a whole number of so many units a second; nil: it tells none. As of
    /// `retryAfter`, never negative and never longer than 2³¹ seconds.
    func wait(until text: some StringProtocol, perSecond: Int64) -> Duration? {
        guard let time = Int64(text), time > 0 else { return nil }
        let now = Int64(receivedAt.timeIntervalSince1970 * Double(perSecond))
        // Both are positive: nothing overflows.
        let units = min(max(time - max(now, 0), 0), perSecond << 31)
        return .seconds(units / perSecond) + .milliseconds(units % perSecond * 1000 / perSecond)
    }
}

/// What an error body says, wherever its parts stand. Numbers come as text: venues write codes both ways.
struct ErrorBody {
    private(set) var code: String?
    private(set) var message: String?

    /// Empty if the body is not such an object.
    /// - Parameter success: a code of which nothing is read that comes after it: most of an answer is what comes after.
    init(_ body: [UInt8], code codeName: StaticString, message messageName: StaticString, until success: String? = nil) {
        var (code, message): (String?, String?)
        try? JSONReader.read(body) { reader throws(JSONError) in
            try reader.object { reader, name throws(JSONError) in
                switch name {
                case codeName: code = try reader.identifier()
                case messageName: message = try reader.identifier()
                default: try reader.skip()
                }
                if let success, code == success { throw reader.error("all is well") }
            }
        }
        self.code = code
        self.message = message
    }
}
