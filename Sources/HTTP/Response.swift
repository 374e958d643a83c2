/// What goes back to the client.
public struct Response {
    public var status: Status
    public var headers: Headers
    public var body: Body
    /// Why it failed, for the log; never sent.
    public var failure: (any Error)?

    public init(_ status: Status = .ok, headers: Headers = [:], body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static func json(_ body: Body, status: Status = .ok) -> Response {
        Response(status, headers: ["Content-Type": "application/json"], body: body)
    }

    public static func json(_ text: String, status: Status = .ok) -> Response { json(.text(text), status: status) }

    public static func text(_ text: String, status: Status = .ok) -> Response {
        Response(status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .text(text))
    }
}

/// An error that knows what its client should hear; any other error is a 500 that tells nothing.
public protocol RespondingError: Error {
    var problem: Problem { get }
}
