import Curl

extension VenueRefusal {
    /// What a status means that is not 2xx; nil: it is.
    init?(status response: Response, message: String? = nil) {
        guard !response.isSuccess else { return nil }
        let code: VenueError.Code =
            switch response.status {
            case 418, 429: .rateLimited
            case 500...: .down
            default: .rejected
            }
        self.init(code, response, message: message)
    }

    /// - Parameter message: the venue's; nil: the body itself.
    init(_ code: VenueError.Code, _ response: Response, message: String? = nil, retryAfter: Duration? = nil) {
        let words = message.map { ": " + printable($0.utf8, limit: 200) } ?? excerpt(response.body)
        self.init(code, message: "status \(response.status)" + words, retryAfter: response.retryAfter ?? retryAfter)
    }
}

/// What an error body says, wherever its parts stand. Numbers come as text: venues write codes both ways.
struct ErrorBody {
    private(set) var code: String?
    private(set) var message: String?

    /// Empty if the body is not such an object.
    init(_ body: [UInt8], code codeName: String, message messageName: String) {
        var (code, message): (String?, String?)
        try? JSONReader.read(body) { reader throws(JSONError) in
            try reader.object { reader, name throws(JSONError) in
                switch name.text {
                case codeName: code = try reader.identifier()
                case messageName: message = try reader.identifier()
                default: try reader.skip()
                }
            }
        }
        self.code = code
        self.message = message
    }
}

/// The code with which an answer says that all is well or not, of which nothing is read that comes after it; nil: there is none.
func answerCode(_ body: [UInt8], _ name: StaticString) -> String? {
    try? JSONReader.readStart(body) { reader throws(JSONError) in
        try reader.find(name) ? try reader.identifier() : nil
    }
}
