import FastCGI
import Glibc
import HTTP
import Runtime
import Synchronization

/// A server on a socket of its own, ended with the test.
final class RunningServer: Sendable {
    /// A context that counts what its own worker has answered.
    final class Counter {
        var answered = 0
    }

    let endpoint: Endpoint
    let stop = Stop()
    let lines = Lines()
    private let ended = Mutex(false)

    /// The log, line by line.
    final class Lines: Sendable {
        private let all = Mutex<[String]>([])
        func add(_ line: String) { all.withLock { $0.append(line) } }
        var text: String { all.withLock { $0.joined(separator: "\n") } }
    }

    /// Where two requests wait for each other.
    final class Inside: Sendable {
        private let count = Mutex(0)

        func meets() -> Bool {
            count.withLock { $0 += 1 }
            let deadline = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < deadline {
                if count.withLock({ $0 }) >= 2 { return true }
                usleep(2000)
            }
            return false
        }
    }

    static func temporaryPath() -> String { "/tmp/fcgi-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock" }

    init(_ endpoint: Endpoint? = nil, threads: Int = 4, grace: Duration = .seconds(10)) throws {
        let listening = try ListeningSocket(endpoint ?? .socket(path: RunningServer.temporaryPath()))
        self.endpoint = listening.endpoint
        let log = Log(format: .json, minimum: .debug, write: { [lines] in lines.add($0) })
        let server = Server(listening, threads: threads, bodyLimit: 1000, grace: grace, log: log)
        Thread.detach { [self] in
            server.run(RunningServer.router(), stop: stop) { Counter() }
            ended.withLock { $0 = true }
        }
    }

    /// False if it still runs after that time.
    func end(within limit: Duration = .seconds(10)) -> Bool {
        stop.request()
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if ended.withLock({ $0 }) { return true }
            usleep(2000)
        }
        return false
    }

    static let large = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })

    private struct Trouble: Error, CustomStringConvertible { var description: String { "the disk is on fire" } }

    private static func router() -> Router<Counter> {
        var router = Router<Counter>()
        router.get("/echo") { request, context in
            context.answered += 1
            let fields = request.headers.fields.map { "\($0.name)=\($0.value)" }.sorted().joined(separator: ";")
            return .text("\(request.path)|\(request.query.pairs.map { "\($0.name)=\($0.value)" })|\(request.id)|\(fields)")
        }
        router.on(.post, "/body") { request, _ in Response(body: .bytes(request.body)) }
        router.get("/large") { _, _ in Response(body: .parts([large, "end"])) }
        router.get("/slow") { _, _ in
            usleep(400_000)
            return .text("slow")
        }
        let inside = Inside()
        router.get("/meet") { _, _ in .text(inside.meets() ? "met" : "alone") }
        router.get("/fails") { _, _ in throw Trouble() }
        router.get("/unchanged") { _, _ in Response(.notModified, headers: ["ETag": "\"1\""]) }
        return router
    }
}
