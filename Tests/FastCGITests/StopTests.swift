import FastCGI
import Glibc
import Runtime
import Synchronization
import Testing

@Suite struct StopTests {
    @Test("a request in hand is answered, and idle workers end at once")
    func graceful() throws {
        let server = try RunningServer()
        let client = try FastCGIClient(server.endpoint)
        client.send(FastCGIClient.request([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/slow")]))
        usleep(100_000)
        server.stop.request()
        #expect(client.answer().text == "slow")
        #expect(server.end(within: .seconds(5)))
    }

    @Test("a connection that the web server keeps open answers again, and does not hold up the end")
    func kept() throws {
        let server = try RunningServer(threads: 1)
        let client = try FastCGIClient(server.endpoint)
        for number in 1...3 {
            client.send(FastCGIClient.request([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/echo?n=\(number)")], keep: true))
            #expect(client.answer().text.hasPrefix("/echo|[\"n=\(number)\"]"))
        }
        usleep(50_000)
        #expect(server.end(within: .seconds(5)))
    }

    @Test("a busy server ends too: every request that was taken is answered whole, then the connections close")
    func busy() throws {
        let server = try RunningServer(threads: 2)
        let endpoint = server.endpoint
        let answered = Mutex(0)
        let broken = Mutex(0)
        let left = Mutex(4)
        for _ in 0..<4 {
            Runtime.Thread.detach {
                defer { left.withLock { $0 -= 1 } }
                guard let client = try? FastCGIClient(endpoint) else { return }
                while true {
                    client.send(FastCGIClient.request([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/large")], keep: true))
                    let answer = client.answer()
                    if answer.isComplete, answer.body.count == 3_000_003 {
                        answered.withLock { $0 += 1 }
                    } else {
                        if !answer.status.isEmpty { broken.withLock { $0 += 1 } }
                        return
                    }
                }
            }
        }
        while answered.withLock({ $0 }) < 8 { usleep(1000) }
        #expect(server.end(within: .seconds(8)))
        while left.withLock({ $0 }) > 0 { usleep(1000) }
        #expect(broken.withLock { $0 } == 0)
    }

    @Test("a peer that never finishes its request delays the end by the grace period, no more")
    func stuck() throws {
        let server = try RunningServer(threads: 1, grace: .milliseconds(300))
        let client = try FastCGIClient(server.endpoint)
        client.send(FastCGIClient.record(1, [0, 1, 0, 0, 0, 0, 0, 0]))
        usleep(100_000)
        #expect(server.end(within: .seconds(5)))
        #expect(server.lines.text.contains(#""event":"serve.unfinished","threads":1"#))
    }

    @Test("the socket's file goes with the server")
    func removesSocket() throws {
        let path = RunningServer.temporaryPath()
        do {
            let listening = try ListeningSocket(.socket(path: path, mode: 0o600))
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            withExtendedLifetime(listening) {}
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test("a killed server's socket file is replaced, a live one's is not, nor is any other file")
    func staleSocket() throws {
        let path = RunningServer.temporaryPath()
        let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafeBytes(of: &address) {
            bind(left, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        #expect(bound == 0)
        close(left)
        let listening = try ListeningSocket(.socket(path: path))
        let error = #expect(throws: ListenError.self) { try ListeningSocket(.socket(path: path)) }
        #expect(error?.description == "cannot listen on \(path): another process serves this socket")
        withExtendedLifetime(listening) {}
        #expect(throws: ListenError.self) { try ListeningSocket(.socket(path: "/etc/hostname")) }
        #expect(throws: ListenError.self) { try ListeningSocket(.socket(path: "/tmp/" + String(repeating: "a", count: 110))) }
    }

    @Test("without a host only this machine can connect")
    func loopback() throws {
        #expect(try Endpoint(address: ":9000") == .tcp(host: "127.0.0.1", port: 9000))
        #expect(try Endpoint(address: "localhost:9000") == .tcp(host: "127.0.0.1", port: 9000))
        #expect(try Endpoint(address: "0.0.0.0:9000") == .tcp(host: "0.0.0.0", port: 9000))
        for text in ["", "9000", "a:b", "127.0.0.1:70000", "::1:9000", "127.0.0.1:"] {
            #expect(throws: ListenError.self) { try Endpoint(address: text) }
        }
        #expect(throws: ListenError.self) { try ListeningSocket(.tcp(host: "example.org", port: 0)) }
    }

    @Test("TCP works like a socket, on a port that was free")
    func tcp() throws {
        let server = try RunningServer(.tcp(host: "127.0.0.1", port: 0))
        #expect(try FastCGIClient.get(server.endpoint, "/echo").status == "200 OK")
        #expect(server.end(within: .seconds(5)))
    }
}
