import Glibc
public import HTTP
public import Runtime

/// Threads that answer FastCGI requests, each with its own request and its own context; they share only the router.
public struct Server: Sendable {
    private let listening: ListeningSocket
    private let threads: Int
    private let bodyLimit: Int
    private let grace: Duration
    private let log: Log

    /// - Parameters:
    ///   - bodyLimit: in bytes; a longer request body is a 413.
    ///   - grace: how long requests in hand may take once the stop is requested.
    public init(
        _ listening: ListeningSocket, threads: Int, bodyLimit: Int = 1 << 20, grace: Duration = .seconds(10), log: Log = .silent
    ) {
        precondition(threads > 0)
        self.listening = listening
        self.threads = threads
        self.bodyLimit = bodyLimit
        self.grace = grace
        self.log = log
    }

    /// Answers until the stop is requested, and returns when the requests in hand are answered.
    ///
    /// - Parameter makeContext: called once in each worker's thread; what it makes never leaves that thread.
    public func run<Context>(_ router: Router<Context>, stop: Stop, makeContext: @escaping @Sendable () -> Context) {
        let connections = Connections(listening, stop: stop.descriptor)
        let workers = Workers(count: threads)
        for _ in 0..<threads {
            Thread.detach(stackBytes: 512 << 10) { [self] in
                serve(router, context: makeContext(), connections, stop)
                workers.ended()
            }
        }
        _ = stop.sleep(until: .now + .seconds(100 * 365 * 86400))
        listening.stopAccepting()
        if !workers.wait(for: grace) { log.warning("serve.unfinished", ["threads": .integer(workers.running)]) }
        listening.removeFile()
    }

    private func serve<Context>(_ router: Router<Context>, context: Context, _ connections: Connections, _ stop: Stop) {
        let slot = RequestSlot()
        while true {
            do {
                guard let descriptor = try connections.next() else { return }
                guard slot.accept(from: descriptor) else { continue }
                answer(slot, router, context)
                guard let kept = slot.finish() else { continue }
                // A server that ends gives nginx no reason to send more over this connection.
                if stop.isRequested { close(kept) } else { connections.park(kept) }
            } catch {
                log.error("serve.accept_failed", ["error": .text("\(error)")])
                guard stop.sleep(for: .milliseconds(100)) else { return }
            }
        }
    }

    private func answer<Context>(_ slot: RequestSlot, _ router: Router<Context>, _ context: Context) {
        var parameters = Parameters()
        slot.forEachParameter { parameters.add($0) }
        let response: Response
        do throws(Problem) {
            response = router.respond(to: try request(from: parameters, slot), with: context)
        } catch {
            response = error.response(requestID: parameters.requestID)
        }
        record(response, parameters)
        send(response, to: slot, withBody: parameters.method != .head)
    }

    private func request(from parameters: Parameters, _ slot: RequestSlot) throws(Problem) -> Request {
        if let name = parameters.malformed { throw Problem(.invalid, "\(name) is not UTF-8") }
        guard parameters.contentLength >= 0 else { throw Problem(.invalid, "Content-Length is not a number") }
        guard parameters.contentLength <= bodyLimit else {
            throw Problem(.contentTooLarge, "the body is longer than \(bodyLimit) bytes")
        }
        let body = parameters.contentLength == 0 ? [] : slot.readBody(parameters.contentLength)
        guard body.count == parameters.contentLength else { throw Problem(.invalid, "the body is shorter than its Content-Length") }
        return try Request(parameters.method, parameters.target, headers: parameters.headers, body: body, id: parameters.requestID)
    }

    /// One line per request that failed; clients' mistakes are in nginx's log already.
    private func record(_ response: Response, _ parameters: Parameters) {
        guard response.status.code >= 400 else { return }
        log.log(
            response.status.code >= 500 ? .error : .debug, "request.failed",
            [
                "id": .text(parameters.requestID), "method": .text(parameters.method.rawValue),
                "target": .text(String(parameters.target.prefix(200))), "status": .integer(response.status.code),
                "error": .text(response.failure.map { "\($0)" } ?? response.status.reason),
            ])
    }

    /// A client that has gone ends the sending, and nothing else.
    private func send(_ response: Response, to slot: RequestSlot, withBody: Bool) {
        var head = "Status: \(response.status)\r\n"
        for (name, value) in response.headers.fields { head += "\(name): \(value)\r\n" }
        if response.status.allowsBody { head += "Content-Length: \(response.body.count)\r\n" }
        head += "\r\n"
        guard head.withBytes(slot.write), withBody, response.status.allowsBody else { return }
        _ = response.body.forEachPiece(slot.write)
    }
}

extension Status {
    fileprivate var allowsBody: Bool { code != 204 && code != 304 }
}
