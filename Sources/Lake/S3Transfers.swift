internal import Curl
internal import Runtime

/// How long a store that is away or overloaded is waited for.
struct S3Patience: Sendable {
    /// Since its last good answer.
    var total: Duration = .seconds(90)
    var backoff = Backoff(first: .milliseconds(200), limit: .seconds(10))
}

/// Many operations at once on kept-alive connections.
///
/// It starts with one, unless the store has been good before, so that what is wrong for all is found by one request, and asks for less
/// at a time when the store is overloaded. What is wrong for all ends all.
struct S3Transfers {
    typealias End = (index: Int, result: Result<[UInt8], LakeError>)

    static let atOnce = 32

    private let client: Client
    private let operations: [S3Operation]
    private let patience: Duration
    private let log: Log
    /// Ends waiting, not working.
    private let stop: Stop?

    private var nextIndex = 0
    /// What may be under way at a time.
    private(set) var window: Int
    private var flying: [Client.ID: (index: Int, operation: S3Operation)] = [:]
    private var waiting: [(due: ContinuousClock.Instant, index: Int, operation: S3Operation)] = []
    private var ends: [End] = []
    private var awaySince: ContinuousClock.Instant?
    /// Why no more is tried.
    private var faultOfAll: LakeError?

    init(_ operations: [S3Operation], client: Client, window: Int, patience: Duration, log: Log, stop: Stop?) {
        self.operations = operations
        self.client = client
        self.window = window
        self.patience = patience
        self.log = log
        self.stop = stop
    }

    /// Goes on until some have ended, and gives those; nil: all have.
    mutating func next() -> [End]? {
        while true {
            ask()
            if let faultOfAll { endAll(faultOfAll) }
            guard ends.isEmpty else {
                defer { ends = [] }
                return ends
            }
            guard !flying.isEmpty || !waiting.isEmpty else { return nil }
            let due = waiting.map(\.due).min() ?? .now + .seconds(60)
            for completion in client.poll(until: due, wake: waiting.isEmpty ? nil : stop?.descriptor) {
                guard let (index, operation) = flying.removeValue(forKey: completion.id) else { continue }
                take(S3Verdict(completion.result, operation.bucket), index, operation)
            }
            if !waiting.isEmpty, stop?.isRequested == true {
                faultOfAll = LakeError(.unavailable, operations[waiting[0].index].key, "the store is away, and we are to stop")
            }
        }
    }

    /// Forgets all that has not ended.
    mutating func cancel() {
        for id in flying.keys { client.cancel(id) }
        (flying, waiting, nextIndex) = ([:], [], operations.count)
    }

    private mutating func ask() {
        let now = ContinuousClock.now
        let due = waiting.filter { $0.due <= now }
        waiting.removeAll { $0.due <= now }
        for (_, index, operation) in due { submit(index, operation) }
        while faultOfAll == nil, nextIndex < operations.count, flying.count + waiting.count < window {
            nextIndex += 1
            submit(nextIndex - 1, operations[nextIndex - 1])
        }
    }

    private mutating func submit(_ index: Int, _ operation: S3Operation) {
        do {
            flying[try client.submit(operation.request)] = (index, operation)
        } catch {
            take(S3Verdict(.failure(error), operation.bucket), index, operation)
        }
    }

    private mutating func take(_ verdict: S3Verdict, _ index: Int, _ operation: S3Operation) {
        var operation = operation
        let step = operation.take(verdict)
        if case .wait(let delay, let reason) = step { return wait(delay, reason, index, operation) }
        if awaySince != nil { log.info("lake.back", ["store": .text(operation.bucket.place)]) }
        (awaySince, window) = (nil, min(max(2 * window, 8), Self.atOnce))
        switch step {
        case .ask: submit(index, operation)
        case .end(let result):
            ends.append((index, result))
            if case .failure(let error) = result, error.isOfStore { faultOfAll = error }
        case .wait: break
        }
    }

    private mutating func wait(_ delay: Duration, _ reason: String, _ index: Int, _ operation: S3Operation) {
        let now = ContinuousClock.now
        if awaySince == nil { log.warning("lake.away", ["store": .text(operation.bucket.place), "error": .text(reason)]) }
        let since = awaySince ?? now
        awaySince = since
        window = max(window / 2, 1)
        guard now + delay - since <= patience else {
            let tries = operation.backoff.attempts
            let fault = LakeError(.unavailable, operation.key, "\(reason); tried \(tries) times in \((now - since).components.seconds) s")
            faultOfAll = fault
            return ends.append((index, .failure(fault)))
        }
        waiting.append((now + delay, index, operation))
    }

    /// What has not ended ends with the same fault, untried.
    private mutating func endAll(_ fault: LakeError) {
        let open = flying.values.map(\.index) + waiting.map(\.index) + Array(nextIndex..<operations.count)
        cancel()
        window = 1
        ends += open.map { ($0, .failure(LakeError(fault.code, operations[$0].key, fault.message))) }
    }
}
