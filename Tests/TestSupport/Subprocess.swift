import Foundation
import Synchronization

/// Another program: started, watched, ended with this object.
public final class Subprocess: Sendable {
    private let child: Child
    private let captured = Mutex("")
    /// Whether all of the output has been read.
    private let isRead = Mutex(false)
    /// Nil while it runs.
    private let status = Mutex<Int32?>(nil)

    /// - Parameter environment: nil passes ours on.
    public init(_ program: String, _ arguments: [String], environment: [String: String]? = nil, directory: String? = nil) throws {
        let (read, write) = try makePipe()
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { for descriptor in [write, null] { close(descriptor) } }
        do {
            child = try Child(
                program, arguments, environment: environment, directory: directory, descriptors: (null, write, write))
        } catch {
            close(read)
            throw error
        }
        Thread.detachNewThread { [weak self] in
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = Foundation.read(read, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                self?.captured.withLock { $0 += String(decoding: buffer[..<count], as: UTF8.self) }
            }
            close(read)
            self?.isRead.withLock { $0 = true }
        }
    }

    deinit {
        guard isRunning else { return }
        kill(child.id, SIGKILL)
        _ = child.reap(wait: true)
    }

    public var id: Int32 { child.id }
    public var isRunning: Bool { currentStatus == nil }
    /// Standard output and standard error so far, as they came.
    public var output: String { captured.withLock { $0 } }

    private var currentStatus: Int32? {
        status.withLock { status in
            if status == nil { status = child.reap(wait: false) }
            return status
        }
    }

    public func signal(_ signal: Int32) {
        if isRunning { kill(child.id, signal) }
    }

    /// Waits for the end; nil if it has not come in time. A signal's number counts from 128, as in a shell.
    public func wait(for limit: Duration = .seconds(60)) -> Int32? {
        let deadline = ContinuousClock.now + limit
        while true {
            if let status = currentStatus {
                readRest()
                return status
            }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(5_000)
        }
    }

    /// What an ended program wrote last may still be in the pipe; a child that it left behind may hold the pipe open for ever.
    private func readRest() {
        let deadline = ContinuousClock.now + .seconds(2)
        while !isRead.withLock({ $0 }), ContinuousClock.now < deadline { usleep(1_000) }
    }

    /// Waits until the output holds `text`; false if it has not come in time, or the program ended without it.
    public func waitForOutput(_ text: String, for limit: Duration = .seconds(30)) -> Bool {
        let deadline = ContinuousClock.now + limit
        while !output.contains(text) {
            guard isRunning, ContinuousClock.now < deadline else {
                if !isRunning { readRest() }
                return output.contains(text)
            }
            usleep(5_000)
        }
        return true
    }
}

extension Subprocess {
    /// What a program that ran to its end answered.
    public struct Result: Sendable {
        public let status: Int32
        public let output: String
        public let errors: String
    }

    /// Runs a program to its end.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, directory: String? = nil, input: String = ""
    ) throws -> Result {
        // Files take any amount, so that no pipe fills up while the other is read.
        let base = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: base) }
        try Data(input.utf8).write(to: URL(fileURLWithPath: "\(base)/input"))
        let descriptors = ["input", "output", "errors"].map { open("\(base)/\($0)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        defer { for descriptor in descriptors { close(descriptor) } }
        let child = try Child(
            program, arguments, environment: environment, directory: directory,
            descriptors: (descriptors[0], descriptors[1], descriptors[2]))
        let status = child.reap(wait: true) ?? -1
        let texts = try ["output", "errors"].map { try Data(contentsOf: URL(fileURLWithPath: "\(base)/\($0)")) }
        return Result(
            status: status, output: String(decoding: texts[0], as: UTF8.self), errors: String(decoding: texts[1], as: UTF8.self))
    }
}
