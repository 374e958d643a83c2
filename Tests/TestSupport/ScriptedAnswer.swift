public import Foundation
import Glibc

extension ScriptedServer {
    /// What goes over the wire for one request, step by step.
    public struct Answer: Sendable {
        public enum Step: Sendable {
            case send([UInt8])
            case pause(TimeInterval)
            /// Ends with RST instead of FIN.
            case reset
            case close
        }

        public var steps: [Step]

        public init(_ steps: [Step]) { self.steps = steps }

        public static func reply(_ status: Int, _ headers: [(String, String)] = [], body: [UInt8] = []) -> Answer {
            Answer([.send(head(status, headers + [("Content-Length", "\(body.count)")])), .send(body)])
        }

        public static func json(_ text: String, status: Int = 200, _ headers: [(String, String)] = []) -> Answer {
            reply(status, headers + [("Content-Type", "application/json")], body: Array(text.utf8))
        }

        /// Says nothing for that long, then closes.
        public static func silence(_ seconds: TimeInterval) -> Answer { Answer([.pause(seconds), .close]) }

        public static let reset = Answer([.reset])

        /// Promises all of the body, sends half of it and closes.
        public static func half(_ text: String) -> Answer {
            let body = Array(text.utf8)
            return Answer([.send(head(200, [("Content-Length", "\(body.count)")])), .send(Array(body.prefix(body.count / 2))), .close])
        }

        /// One byte at a time.
        public static func drip(_ text: String, every seconds: TimeInterval) -> Answer {
            let body = Array(text.utf8)
            return Answer(
                [.send(head(200, [("Content-Length", "\(body.count)")]))] + body.flatMap { [.send([$0]), .pause(seconds)] })
        }

        /// A body of that many bytes, in 1 MB chunks without a length before it.
        public static func chunked(bytes: Int) -> Answer {
            let size = 1 << 20
            let chunk = Array((String(size, radix: 16) + "\r\n").utf8) + [UInt8](repeating: 32, count: size) + Array("\r\n".utf8)
            let chunks = [Step](repeating: .send(chunk), count: (bytes + size - 1) / size)
            return Answer([.send(head(200, [("Transfer-Encoding", "chunked")]))] + chunks + [.send(Array("0\r\n\r\n".utf8))])
        }

        public static func head(_ status: Int, _ headers: [(String, String)]) -> [UInt8] {
            Array(("HTTP/1.1 \(status) Scripted\r\n" + headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n").utf8)
        }

        /// False: the connection must not be used again. Sends no body to HEAD.
        func send(to connection: Int32, isHead: Bool) -> Bool {
            for step in isHead ? Array(steps.prefix(1)) : steps {
                switch step {
                case .send(let bytes):
                    guard sendAll(bytes, to: connection) else { return false }
                case .pause(let seconds):
                    Thread.sleep(forTimeInterval: seconds)
                case .reset:
                    var linger = linger(l_onoff: 1, l_linger: 0)
                    setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                    return false
                case .close:
                    return false
                }
            }
            return true
        }

        private func sendAll(_ bytes: [UInt8], to connection: Int32) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }
    }
}
