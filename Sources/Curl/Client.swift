internal import CCurl

/// Many HTTP requests at once on kept-alive connections, from one thread: `submit` puts requests in, `poll` takes answers out.
///
/// Not `Sendable`: the thread that made it uses it. Closing it (by `deinit`) cancels what is under way.
public final class Client {
    /// What `submit` gave out and `Completion` gives back.
    public typealias ID = UInt64

    /// The end of a request: exactly one for each `submit` that did not throw, except after `cancel`.
    public struct Completion {
        public let id: ID
        public let result: Result<Response, TransferError>
    }

    /// `CURLM *`; closed in `deinit` and nowhere else, after every easy handle has left it.
    private let multi: UnsafeMutableRawPointer
    private let userAgent: String
    private var active: [ID: Transfer] = [:]
    private var idle: [Transfer] = []
    private var lastID: ID = 0

    // Once per process; libcurl wants it before any thread of ours uses it, and a global is initialised once.
    private static let isInitialised = curl_global_init(ccurl_global_all) == CURLE_OK

    /// - Parameter connectionsPerHost: more requests to one host than this wait, inside their own timeout.
    public init(userAgent: String = "cryptogaf", connectionsPerHost: Int = 256) throws(TransferError) {
        guard Client.isInitialised, let multi = curl_multi_init() else {
            throw TransferError(.other, url: "", message: "libcurl could not start")
        }
        self.multi = multi
        self.userAgent = userAgent
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 2 * connectionsPerHost)
    }

    deinit {
        for transfer in active.values { curl_multi_remove_handle(multi, transfer.handle) }
        curl_multi_cleanup(multi)
    }

    /// Requests without a completion yet.
    public var inFlight: Int { active.count }

    /// Starts a request; it proceeds inside `poll`. Throws `invalidRequest` if it cannot be sent at all.
    public func submit(_ request: Request) throws(TransferError) -> ID {
        guard let transfer = idle.popLast() ?? Transfer() else {
            throw TransferError(.other, url: request.url, message: "no memory for a transfer")
        }
        lastID += 1
        try transfer.prepare(request, id: lastID, userAgent: userAgent)
        let code = curl_multi_add_handle(multi, transfer.handle)
        guard code == CURLM_OK else {
            throw TransferError(.other, url: request.url, message: String(cString: curl_multi_strerror(code)))
        }
        active[lastID] = transfer
        return lastID
    }

    /// Forgets a request: its connection is closed, and no completion comes. Unknown and ended ones are ignored.
    public func cancel(_ id: ID) {
        if let transfer = active.removeValue(forKey: id) { release(transfer) }
    }

    /// Moves every request on and returns as soon as one or more have ended, empty-handed at the deadline, or when `wake` becomes
    /// readable. A deadline in the past: does what can be done without waiting.
    public func poll(until deadline: ContinuousClock.Instant, wake: Int32? = nil) -> [Completion] {
        while true {
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            let completions = takeCompletions()
            let left = ContinuousClock.now.duration(to: deadline)
            guard completions.isEmpty, left > .zero else { return completions }
            // Rounded up: a wait that ends early would be taken again, for nothing.
            if wait(milliseconds: Int32(min(left.milliseconds + 1, 60_000)), wake: wake) { return [] }
        }
    }

    /// True if `wake` is readable.
    private func wait(milliseconds: Int32, wake: Int32?) -> Bool {
        var extra = curl_waitfd(fd: wake ?? -1, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        curl_multi_poll(multi, &extra, wake == nil ? 0 : 1, milliseconds, nil)
        return extra.revents != 0
    }

    private func takeCompletions() -> [Completion] {
        var completions: [Completion] = []
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            // The message dies with the handle's removal.
            let code = ccurl_result(message)
            var context: UnsafeMutableRawPointer?
            guard ccurl_get_pointer(handle, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else { continue }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            active[transfer.id] = nil
            completions.append(Completion(id: transfer.id, result: transfer.finish(code)))
            release(transfer)
        }
        return completions
    }

    private func release(_ transfer: Transfer) {
        curl_multi_remove_handle(multi, transfer.handle)
        // As many as were ever active at once.
        idle.append(transfer)
    }
}
