import Curl
import Foundation
import Runtime
import Synchronization
import TestSupport
import Testing

@testable import Lake

/// What a store logs.
private final class Events: Sendable {
    private let lines = Mutex<[String]>([])

    var log: Log { Log(format: .json, write: { line in self.lines.withLock { $0.append(line) } }) }

    func count(_ event: String) -> Int { lines.withLock { $0.count { $0.contains(event) } } }
}

/// A store whose server a test scripts, with the events that it logs.
private final class ScriptedS3: Sendable {
    let server: ScriptedServer
    let events = Events()

    init(_ handler: @escaping ScriptedServer.Handler) throws { server = try ScriptedServer(handler) }

    static let secret = "the-secret-key"
    static let token = "the-session-token"

    static func bucket(_ url: String) throws -> S3Bucket {
        let access = try S3Access(endpoint: url, accessKey: "AKID", secretKey: secret, sessionToken: token)
        return S3Bucket(name: "lake", prefix: "p/", access: access)
    }

    func open(patience: Duration = .seconds(30), stop: Stop? = nil) throws -> S3Store {
        let patience = S3Patience(total: patience, backoff: Backoff(first: .milliseconds(5), limit: .milliseconds(50)))
        return try S3Store(bucket: Self.bucket(server.url), patience: patience, log: events.log, stop: stop)
    }
}

private func fault(_ status: Int, _ code: String, _ headers: [(String, String)] = []) -> ScriptedServer.Answer {
    .reply(
        status, headers,
        body: Array("<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>words &amp; more</Message><X>y</X></Error>".utf8))
}

@Suite("Faults of S3")
struct S3FaultTests {
    @Test(
        "credentials that are no good: one request, one sentence, and nothing secret in it",
        arguments: [
            (400, "ExpiredToken", LakeError.Code.credentials, "have expired"), (403, "ExpiredToken", .credentials, "have expired"),
            (403, "InvalidAccessKeyId", .credentials, "does not know the access key"),
            (403, "SignatureDoesNotMatch", .credentials, "refuses the signature: S3_SECRET_KEY or S3_REGION is wrong"),
            (403, "RequestTimeTooSkewed", .credentials, "the clock of this machine is wrong"),
            (403, "AccessDenied", .denied, "has no right"), (404, "NoSuchBucket", .invalidLocation, "there is no bucket lake"),
            (301, "PermanentRedirect", .invalidLocation, "is not in the region us-east-1"),
            (507, "XMinioStorageFull", .full, "no room is left"),
        ])
    func refused(status: Int, code: String, expected: LakeError.Code, words: String) throws {
        let scripted = try ScriptedS3 { _ in fault(status, code) }
        let store = try scripted.open()
        let objects = (0..<100).map { (key: "a/\($0)", bytes: [UInt8(truncatingIfNeeded: $0)]) }
        var told: [String] = []
        for (key, result) in store.putAll(objects) {
            guard case .failure(let error) = result else { continue }
            #expect(error.code == expected && error.subject == key && error.message.contains(words))
            told.append(error.description)
        }
        #expect(told.count == 100)
        #expect(scripted.server.requests.count == 1)
        let error = #expect(throws: LakeError.self) { try store.list(prefix: "", after: nil, limit: 10) }
        #expect(error?.code == expected)
        #expect(scripted.server.requests.count == 2)
        for text in told + [error?.description ?? ""] {
            #expect(!text.contains(ScriptedS3.secret) && !text.contains(ScriptedS3.token) && !text.contains("AKID"), "\(text)")
            #expect(text.split(separator: "\n").count == 1)
        }
    }

    @Test("SlowDown is tried again, and all end well")
    func slowDown() throws {
        let counts = Mutex<[String: Int]>([:])
        let scripted = try ScriptedS3 { request in
            let tries = counts.withLock { counts in
                counts[request.path, default: 0] += 1
                return counts[request.path] ?? 0
            }
            return tries < 3 ? fault(503, "SlowDown") : .reply(200, body: Array(request.path.utf8))
        }
        var found: [String: [UInt8]] = [:]
        try scripted.open().getAll((0..<50).map { "a/\($0)" }) { key, result in found[key] = try? result.get() }
        #expect(found.count == 50 && found["a/7"] == Array("/lake/p/a/7".utf8))
        #expect(scripted.server.requests.count == 150)
        #expect(scripted.events.count("lake.away") >= 1 && scripted.events.count("lake.away") == scripted.events.count("lake.back"))
    }

    @Test("SlowDown is answered by fewer requests at a time")
    func fewer() throws {
        let scripted = try ScriptedS3 { _ in .reply(200, body: [1]) }
        let store = try scripted.open()
        store.getAll((0..<100).map { "a/\($0)" }) { _, _ in }
        let first = Mutex(0)
        let open = Mutex(0)
        let arrivals = Mutex<[Int]>([])
        let isFirstAlone = Mutex(false)
        scripted.server.answer { _ in
            if first.withLock({ count in
                count += 1
                return count <= 32
            }) {
                // All are told at once.
                return eventually { first.withLock { $0 >= 32 } } ? fault(503, "SlowDown") : .reply(404)
            }
            let count = open.withLock { count in
                count += 1
                return count
            }
            defer { open.withLock { $0 -= 1 } }
            let isFirst = arrivals.withLock { arrivals in
                arrivals.append(count)
                return arrivals.count == 1
            }
            // Nothing else is asked before this is answered; if it were, it would not wait as long as that.
            if isFirst { isFirstAlone.withLock { $0 = !eventually(within: .milliseconds(500)) { open.withLock { $0 > 1 } } } }
            Thread.sleep(forTimeInterval: 0.05)
            return .reply(200, body: [1])
        }
        store.getAll((0..<32).map { "b/\($0)" }) { _, result in #expect(throws: Never.self) { try result.get() } }
        #expect(isFirstAlone.withLock { $0 })
        #expect(arrivals.withLock { $0.count } == 32 && arrivals.withLock { $0.prefix(17).max() ?? 0 } <= 16)
    }

    @Test("one request finds out whether the store is well, then no more than 32 are under way; that is remembered")
    func window() throws {
        let open = Mutex(0)
        let most = Mutex<[Int]>([])
        let scripted = try ScriptedS3 { _ in
            let count = open.withLock { count in
                count += 1
                return count
            }
            most.withLock { $0.append(count) }
            defer { open.withLock { $0 -= 1 } }
            Thread.sleep(forTimeInterval: 0.01)
            return .reply(200, body: [1])
        }
        let store = try scripted.open()
        store.getAll((0..<300).map { "a/\($0)" }) { _, result in #expect(throws: Never.self) { try result.get() } }
        #expect(most.withLock { Array($0.prefix(1)) } == [1] && scripted.server.connectionCount <= 32)
        #expect((5...32).contains(most.withLock { $0.max() ?? 0 }))
        most.withLock { $0 = [] }
        store.getAll((0..<100).map { "a/\($0)" }) { _, _ in }
        #expect((5...32).contains(most.withLock { $0.prefix(10).max() ?? 0 }))
    }

    @Test("Retry-After is waited for")
    func retryAfter() throws {
        let scripted = try ScriptedS3 { [count = Counter()] _ in
            count.next() == 0 ? fault(503, "SlowDown", [("Retry-After", "1")]) : .reply(200, body: [1])
        }
        let start = ContinuousClock.now
        #expect(try scripted.open().get("a") == [1])
        #expect(ContinuousClock.now - start >= .seconds(1))
    }

    @Test("a server that asks for more patience than there is, or is away for longer, is given up once for all")
    func givenUp() throws {
        let scripted = try ScriptedS3 { _ in fault(503, "SlowDown", [("Retry-After", "3600")]) }
        let results = try scripted.open().putAll((0..<20).map { ("a/\($0)", [1]) })
        #expect(results.allSatisfy { code($0.result) == .unavailable })
        #expect(scripted.server.requests.count == 1)
        scripted.server.stop()
        let away = try scripted.open(patience: .milliseconds(100)).putAll((0..<20).map { ("a/\($0)", [1]) })
        #expect(away.allSatisfy { code($0.result) == .unavailable })
        guard case .failure(let error) = away[0].result else { return }
        #expect(error.message.contains("; tried ") && !error.message.contains(ScriptedS3.secret))
    }

    @Test("an object that the server cannot give is at fault itself, wherever it stands; the others come", arguments: [0, 3, 9])
    func oneBad(place: Int) throws {
        let scripted = try ScriptedS3 { request in
            request.path == "/lake/p/a/\(place)" ? fault(500, "InternalError") : .reply(200, body: [1])
        }
        let store = try scripted.open(patience: .milliseconds(300))
        for _ in 0..<2 {
            var codes: [String: LakeError.Code] = [:]
            store.getAll((0..<10).map { "a/\($0)" }) { key, result in
                if case .failure(let error) = result { codes[key] = error.code }
            }
            #expect(codes == ["a/\(place)": .other])
        }
        // Nobody else is asked for beside it, but somebody was before.
        #expect(store.code(ofGet: "a/\(place)") == .other && store.code(ofGet: "a/7\(place)") == nil)
        #expect(store.code(ofPut: "a/\(place)") == .other)
        // Who has never had an answer cannot know whose fault it is.
        #expect(try scripted.open(patience: .milliseconds(300)).code(ofGet: "a/\(place)") == .unavailable)
    }

    @Test("a store that has no answer any more, not even to what it had one for, is away, however good it was")
    func noLongerThere() throws {
        let scripted = try ScriptedS3 { _ in .reply(200, body: [1]) }
        let store = try scripted.open(patience: .milliseconds(300))
        store.getAll((0..<10).map { "a/\($0)" }) { _, result in #expect(throws: Never.self) { try result.get() } }
        scripted.server.answer { _ in fault(500, "InternalError") }
        var codes: [LakeError.Code] = []
        store.getAll((0..<10).map { "a/\($0)" }) { _, result in
            if case .failure(let error) = result { codes.append(error.code) }
        }
        #expect(codes == Array(repeating: .unavailable, count: 10))
        scripted.server.stop()
        #expect(store.code(ofGet: "a/1") == .unavailable)
    }

    @Test("an object that we may not read, or that the service has put away, says nothing of the others; nor of removing")
    func deniedOne() throws {
        let scripted = try ScriptedS3 { request in
            if request.method == "DELETE" { return fault(403, "AccessDenied") }
            return switch request.path {
            case "/lake/p/a/0": fault(403, "InvalidObjectState")
            case "/lake/p/a/5": fault(403, "AccessDenied")
            default: .reply(200, body: [1])
            }
        }
        let store = try scripted.open()
        var codes: [String: LakeError.Code] = [:]
        store.getAll((0..<10).map { "a/\($0)" }) { key, result in
            if case .failure(let error) = result { codes[key] = error.code }
        }
        #expect(codes == ["a/0": .other, "a/5": .other])
        #expect(store.removeAll(["a/1", "a/2"]).map { code($0.result) } == [.denied, .denied])
    }

    @Test("an answer cut short, a reset and an error of the server are tried again", arguments: [0, 1, 2, 3, 4])
    func passing(kind: Int) throws {
        let scripted = try ScriptedS3 { [count = Counter()] _ in
            guard count.next() < 2 else { return .reply(200, body: [1, 2, 3]) }
            return switch kind {
            case 0: .half("0123456789")
            case 1: .reset
            case 2: fault(500, "InternalError")
            case 3: .reply(502, body: Array("<html>Bad Gateway".utf8))
            default: fault(400, "RequestTimeout")
            }
        }
        #expect(try scripted.open().get("a") == [1, 2, 3])
        #expect(scripted.server.requests.count == 3)
    }

    @Test("a put whose answer was lost is found done, not a conflict")
    func lostAnswer() throws {
        let kept = Mutex<[UInt8]?>(nil)
        let scripted = try ScriptedS3 { [count = Counter()] request in
            if request.method == "GET" { return kept.withLock { $0 }.map { .reply(200, body: $0) } ?? fault(404, "NoSuchKey") }
            if kept.withLock({ $0 != nil }) { return fault(412, "PreconditionFailed") }
            kept.withLock { $0 = request.body }
            return count.next() == 0 ? .reset : .reply(200)
        }
        try scripted.open().put("a", [1, 2, 3])
        #expect(scripted.server.requests.map(\.method) == ["GET", "PUT", "PUT", "GET"])
        #expect(scripted.server.requests[1].headers["if-none-match"] == "*")
        #expect(throws: LakeError(.conflict, "a", "another object has this key")) { try scripted.open().put("a", [1, 2]) }
    }

    @Test("a service that knows no conditions gets none")
    func unconditional() throws {
        let scripted = try ScriptedS3 { request in
            if request.method == "GET" { return fault(404, "NoSuchKey") }
            return request.headers["if-none-match"] != nil ? fault(501, "NotImplemented") : .reply(200)
        }
        try scripted.open().put("a", [1])
        #expect(scripted.server.requests.map(\.method) == ["GET", "PUT", "PUT"])
    }

    @Test("a stop ends the waiting for a server that is away")
    func stopped() throws {
        let stop = Stop()
        let scripted = try ScriptedS3 { _ in fault(503, "SlowDown", [("Retry-After", "20")]) }
        let store = Background { try scripted.open(stop: stop).code(ofPut: "a") }
        #expect(eventually { scripted.events.count("lake.away") == 1 })
        stop.request()
        #expect(try store.value() == .unavailable)
    }

    @Test("an object past every measure is not read, nor a listing")
    func tooLong() throws {
        let scripted = try ScriptedS3 { request in
            let length = request.query["list-type"] == nil ? RawObject.sizeLimit + 1 : (8 << 20) + 1
            return ScriptedServer.Answer([.send(ScriptedServer.Answer.head(200, [("Content-Length", "\(length)")])), .pause(5)])
        }
        #expect(try scripted.open().code(ofGet: "a") == .corrupt)
        let error = #expect(throws: LakeError.self) { try scripted.open().list(prefix: "", after: nil, limit: 1000) }
        #expect(error?.code == .corrupt)
    }

    @Test("a listing that is not one, or is one without end, is an error", arguments: ["", "<html></html>", "{}", truncatedWithoutKeys])
    func listing(body: String) throws {
        let scripted = try ScriptedS3 { _ in .reply(200, body: Array(body.utf8)) }
        let error = #expect(throws: LakeError.self) { try scripted.open().list(prefix: "", after: nil, limit: 10) }
        #expect(error?.message == "the listing is not the XML of ListObjectsV2")
    }

    private static let truncatedWithoutKeys = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"
}

@Suite("S3 that is away", .enabled(if: S3Server.isPresent, "skipped: no rclone"))
struct S3AwayTests {
    @Test("a server that is not there yet is waited for, and no object is lost")
    func away() throws {
        let server = try S3Server(isStarted: false)
        let location = try server.location()
        let events = Events()
        let writer = Background {
            try location.open(log: events.log).putAll((0..<40).map { ("a/\($0)", [UInt8($0)]) }).compactMap { code($0.result) }
        }
        #expect(eventually { events.count("lake.away") == 1 })
        try server.start()
        #expect(try writer.value() == [])
        #expect(events.count("lake.back") == 1)
        let store = try location.open()
        #expect(try store.keys().count == 40)
        // The store's kept-alive connection is gone after this.
        server.stop()
        try server.start()
        #expect(try store.get("a/7") == [7])
    }

    @Test("a minute's absence is waited out", .enabled(if: Soak.isOn, "skipped: make soak"))
    func minute() throws {
        let server = try S3Server(isStarted: false)
        let location = try server.location()
        let writer = Background { try location.open().putAll((0..<40).map { ("a/\($0)", [UInt8($0)]) }).compactMap { code($0.result) } }
        sleep(60)
        try server.start()
        #expect(try writer.value() == [])
    }

    @Test("keys that the server does not know, or that sign wrongly, are refused with one sentence")
    func refused() throws {
        let server = try S3Server()
        let wrong = try server.location("p", secretKey: "another secret key").open()
        let error = #expect(throws: LakeError.self) { try wrong.put("a", [1]) }
        #expect(error?.code == .credentials && error?.message.contains("refuses the signature") == true)
        let access = try S3Access(endpoint: server.url, accessKey: "NOBODYNOBODY", secretKey: server.secretKey)
        let nobody = try LakeLocation(url: "s3://lake", s3: access).open()
        #expect(throws: LakeError.self) { try nobody.get("a") }
        let nowhere = try LakeLocation(
            url: "s3://nobucket", s3: S3Access(endpoint: server.url, accessKey: server.accessKey, secretKey: server.secretKey))
        #expect(try nowhere.open().code(ofGet: "a") == .invalidLocation && nowhere.open().code(ofPut: "a") == .invalidLocation)
    }

    @Test("an object that was damaged in the bucket is found by its hash")
    func damaged() throws {
        let server = try S3Server()
        let store = try server.location("p").open()
        let encoded = try RawObjectTests.object.encoded()
        try store.put(encoded.key, encoded.bytes)
        let path = "\(server.directory)/lake/p/\(encoded.key)"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let found = try server.location("p").open().get(encoded.key)
        #expect(throws: LakeError.self) { try RawObject(decoding: found, key: encoded.key) }
        #expect(store.code(ofPut: encoded.key, encoded.bytes) == .conflict)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    /// From 0.
    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }
}
