internal import Curl
internal import Runtime

/// How long a store that is away or overloaded is waited for.
struct S3Patience: Sendable {
    /// Since its last good answer.
    var total: Duration = .seconds(90)
    var backoff = Backoff(first: .milliseconds(200), limit: .seconds(10))
}

/// What earlier transfers have learnt of a store.
struct S3Standing {
    /// What may be under way at a time.
    var window = 1
    /// The last object that was well read or written.
    var witness: String?
}

/// Many operations at once on kept-alive connections.
///
/// It starts with one, unless the store has been good before, so that what is wrong for all is found by one request, and asks for less
/// at a time when the store is overloaded. What is wrong for all ends all; what is wrong with one object only that. Where it may be
/// either, an object that was well before is asked for: if the store has an answer to that, it is there.
struct S3Transfers {
    typealias End = (index: Int, result: Result<[UInt8], LakeError>)

    /// Of an object that gets no answer while others do.
    private static let attemptLimit = 20
    /// After so many the next object gets its turn, since it may be better off.
    private static let turnLimit = 3

    private let client: Client
    private let operations: [S3Operation]
    private let patience: Duration
    private let log: Log
    /// Ends waiting, not working.
    private let stop: Stop?

    private var nextIndex = 0
    private(set) var standing: S3Standing
    private var flying: [Client.ID: (index: Int, operation: S3Operation)] = [:]
    private var waiting: [(due: ContinuousClock.Instant, index: Int, operation: S3Operation)] = []
    /// Those of which it is not known yet whether the fault is theirs.
    private var accused: [(index: Int, fault: LakeError)] = []
    private var trial: (id: Client.ID, operation: S3Operation)?
    private var ends: [End] = []
    private var awaySince: ContinuousClock.Instant?
    /// Why no more is tried.
    private var faultOfAll: LakeError?

    init(_ operations: [S3Operation], client: Client, standing: S3Standing, patience: Duration, log: Log, stop: Stop?) {
        self.operations = operations
        self.client = client
        self.standing = standing
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
            guard !flying.isEmpty || !waiting.isEmpty || trial != nil else { return nil }
            let due = flying.count < standing.window ? waiting.map(\.due).min() : nil
            for completion in client.poll(until: due ?? .now + .seconds(60), wake: waiting.isEmpty ? nil : stop?.descriptor) {
                if completion.id == trial?.id { judge(completion.result) }
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
        if let trial { client.cancel(trial.id) }
        (flying, waiting, accused, trial, nextIndex) = ([:], [], [], nil, operations.count)
    }

    /// No more than the window holds: those first that have waited long enough.
    private mutating func ask() {
        let now = ContinuousClock.now
        while faultOfAll == nil, flying.count < standing.window {
            let hopeful = waiting.count { $0.operation.backoff.attempts < Self.turnLimit }
            if let place = waiting.indices.min(by: { waiting[$0].due < waiting[$1].due }), waiting[place].due <= now {
                let (_, index, operation) = waiting.remove(at: place)
                submit(index, operation)
            } else if nextIndex < operations.count, flying.count + hopeful < standing.window {
                nextIndex += 1
                submit(nextIndex - 1, operations[nextIndex - 1])
            } else {
                return
            }
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
        noteAnswer()
        switch step {
        case .ask: submit(index, operation)
        case .end(let result): end(index, operation, result)
        case .wait: break
        }
    }

    private mutating func end(_ index: Int, _ operation: S3Operation, _ result: Result<[UInt8], LakeError>) {
        switch (result, operation.kind) {
        // Who may read some objects need not be allowed to read all of them.
        case (.failure(let fault), .get) where fault.code == .denied: return accuse(index, fault)
        case (.failure(let fault), _) where fault.isOfStore: faultOfAll = fault
        case (.success, .get), (.success, .put): standing.witness = operation.key
        case (.success, _), (.failure, _): break
        }
        ends.append((index, result))
    }

    private mutating func noteAnswer() {
        if awaySince != nil { log.info("lake.back", ["store": .text(operations[0].bucket.place)]) }
        (awaySince, standing.window) = (nil, min(max(2 * standing.window, 8), LakeLocation.atOnce))
    }

    private mutating func wait(_ delay: Duration, _ reason: String, _ index: Int, _ operation: S3Operation) {
        let now = ContinuousClock.now
        if awaySince == nil { log.warning("lake.away", ["store": .text(operation.bucket.place), "error": .text(reason)]) }
        let since = awaySince ?? now
        awaySince = since
        standing.window = max(standing.window / 2, 1)
        let tries = operation.backoff.attempts
        guard now + delay - since > patience || tries > Self.attemptLimit else { return waiting.append((now + delay, index, operation)) }
        accuse(index, LakeError(.unavailable, operation.key, "\(reason); tried \(tries) times"))
    }

    // MARK: Whose fault it is

    /// Without a witness it is the store's.
    private mutating func accuse(_ index: Int, _ fault: LakeError) {
        accused.append((index, fault))
        guard trial == nil else { return }
        guard let witness = standing.witness else {
            faultOfAll = fault
            return
        }
        let operation = S3Operation(.get, key: witness, bucket: operations[index].bucket, backoff: operations[index].backoff)
        do { trial = (try client.submit(operation.request), operation) } catch { faultOfAll = fault }
    }

    private mutating func judge(_ result: Result<Response, TransferError>) {
        guard var operation = trial?.operation, let fault = accused.first?.fault else { return }
        trial = nil
        switch operation.take(S3Verdict(result, operation.bucket)) {
        case .wait: faultOfAll = fault
        case .end(.failure(let error)) where error.isOfStore: faultOfAll = error
        case .ask, .end:
            noteAnswer()
            ends += accused.map { ($0.index, .failure(LakeError(.other, $0.fault.subject, $0.fault.message))) }
            accused = []
        }
    }

    /// What has not ended ends with the same fault, untried.
    private mutating func endAll(_ fault: LakeError) {
        let open = (flying.values.map(\.index) + waiting.map(\.index) + accused.map(\.index) + Array(nextIndex..<operations.count)).sorted()
        cancel()
        standing.window = 1
        ends += open.map { ($0, .failure(LakeError(fault.code, operations[$0].key, fault.message))) }
    }
}
