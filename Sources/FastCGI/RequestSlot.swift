internal import CFastCGI
import Glibc
import Runtime

/// A worker's `FCGX_Request`: the one file that holds libfcgi's pointers. Used by one thread only.
final class RequestSlot {
    private let request: UnsafeMutablePointer<FCGX_Request>

    /// `FCGX_Init` once per process. It takes SIGTERM, SIGHUP and SIGUSR1 for itself; they are the program's.
    private static let libraryIsReady: Bool = {
        let taken = [SIGTERM, SIGHUP, SIGUSR1]
        var before = Array(repeating: Glibc.sigaction(), count: taken.count)
        for (index, number) in taken.enumerated() { sigaction(number, nil, &before[index]) }
        let ready = FCGX_Init() == 0
        for (index, number) in taken.enumerated() { sigaction(number, &before[index], nil) }
        // A client that went away is an error of write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        return ready
    }()

    init() {
        request = .allocate(capacity: 1)
        request.initialize(to: FCGX_Request())
        guard RequestSlot.libraryIsReady else { SystemLimit.reached("libfcgi does not start", ENOMEM) }
        // Without a socket to accept from: where libfcgi would wait for the next connection, it fails, and we choose.
        FCGX_InitRequest(request, -1, 0)
    }

    deinit {
        FCGX_Free(request, 1)
        request.deallocate()
    }

    /// Reads a request's parameters from a connection, which is ours to close from here on. False if none came: then the
    /// connection is closed.
    func accept(from descriptor: Int32) -> Bool {
        // libfcgi finds the connection where it would have left one that is kept.
        request.pointee.ipcFd = descriptor
        request.pointee.keepConnection = 1
        return FCGX_Accept_r(request) == 0
    }

    /// Sends what is buffered. Gives the connection back if nginx keeps it open, else closes it.
    func finish() -> Int32? {
        FCGX_Finish_r(request)
        defer { request.pointee.ipcFd = -1 }
        return request.pointee.ipcFd >= 0 ? request.pointee.ipcFd : nil
    }

    /// Calls `body` with each parameter as `NAME=value`. The memory is valid only within it.
    func forEachParameter(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard var entry = request.pointee.envp else { return }
        while let text = entry.pointee {
            let length = strlen(text)
            text.withMemoryRebound(to: UInt8.self, capacity: length) { body(UnsafeBufferPointer(start: $0, count: length)) }
            entry += 1
        }
    }

    /// Reads `count` bytes of the request's body, or fewer if it ends early.
    func readBody(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let text = UnsafeMutableRawPointer(buffer.baseAddress!).assumingMemoryBound(to: CChar.self)
            filled = max(0, Int(FCGX_GetStr(text, Int32(count), request.pointee.in)))
        }
    }

    /// False once the client has gone. Small pieces libfcgi copies into its record buffer; long ones reach the socket without a copy.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
        if bytes.count >= StreamRecords.least { return writeRecords(bytes) }
        return FCGX_PutStr(base.assumingMemoryBound(to: CChar.self), Int32(bytes.count), request.pointee.out) == Int32(bytes.count)
    }

    private func writeRecords(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard FCGX_FFlush(request.pointee.out) == 0 else { return false }
        let descriptor = request.pointee.ipcFd
        if StreamRecords(descriptor: descriptor, requestID: request.pointee.requestId).write(bytes) { return true }
        // Half a record may have gone out: nothing that libfcgi would still say must follow it.
        shutdown(descriptor, Int32(SHUT_RDWR))
        return false
    }
}
