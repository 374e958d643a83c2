import Curl
import Exchanges

/// What a conversation asked, and how it ended.
struct Dialogue<Outcome> {
    var urls: [String] = []
    var result: Result<Outcome, VenueError>?

    /// Plays the answers one after the other; a result before the last one leaves the rest unused.
    init(_ conversation: any Conversation<Outcome>, _ answers: [Response]) {
        var conversation = conversation
        urls.append(conversation.begin().url)
        for answer in answers where result == nil {
            do throws(VenueError) {
                switch try conversation.next(after: answer) {
                case .ask(let request): urls.append(request.url)
                case .done(let outcome): result = .success(outcome)
                }
            } catch {
                result = .failure(error)
            }
        }
    }

    var outcome: Outcome? { try? result?.get() }

    var error: VenueError? {
        guard case .failure(let error) = result else { return nil }
        return error
    }
}

extension Response {
    init(_ text: String, status: Int = 200, _ headers: [Header] = []) {
        self.init(status: status, headers: headers, body: Array(text.utf8), url: "http://venue/x")
    }
}
