public import Curl

/// What to do next for an outcome: one more request, or nothing.
public enum Step<Outcome> {
    case ask(Request)
    case done(Outcome)
}

/// One question to a venue, however many requests it takes: answers in, the next request or the outcome out. It does no I/O and has
/// no clock, so paging, ordering and checking can be tested with nothing but bytes.
public protocol Conversation<Outcome> {
    associatedtype Outcome

    /// The first request.
    mutating func begin() -> Request

    /// What follows from the answer to the request before; `VenueError` ends the conversation.
    mutating func next(after response: Response) throws(VenueError) -> Step<Outcome>
}
