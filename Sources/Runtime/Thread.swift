import Glibc
import Synchronization

/// Operating-system threads for blocking C libraries, which must not sit on Swift's shared threads.
public struct Thread: ~Copyable {
    private let id: pthread_t

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    public init(stackBytes: Int = 1 << 20, _ run: @escaping @Sendable () -> Void) {
        id = Thread.start(stackBytes: stackBytes, detached: false, run)
    }

    /// Waits for the thread's end.
    public consuming func join() { pthread_join(id, nil) }

    /// Runs `body` on so many threads at once, each with its number from 0, and waits for all: what each returned or threw, by number.
    public static func concurrently<Value: Sendable>(
        _ count: Int, stackBytes: Int = 4 << 20, _ body: @escaping @Sendable (_ index: Int) throws -> Value
    ) -> [Result<Value, any Error>] {
        let results = Results<Value>()
        let ids = (0..<count).map { index in
            start(stackBytes: stackBytes, detached: false) { results.set(index, Result { try body(index) }) }
        }
        for id in ids { pthread_join(id, nil) }
        return results.inOrder
    }

    private final class Results<Value: Sendable>: Sendable {
        private let byIndex = Mutex<[Int: Result<Value, any Error>]>([:])

        var inOrder: [Result<Value, any Error>] { byIndex.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }

        func set(_ index: Int, _ result: Result<Value, any Error>) { byIndex.withLock { $0[index] = result } }
    }

    public static func detach(stackBytes: Int = 1 << 20, _ run: @escaping @Sendable () -> Void) {
        _ = start(stackBytes: stackBytes, detached: true, run)
    }

    private static func start(stackBytes: Int, detached: Bool, _ run: @escaping @Sendable () -> Void) -> pthread_t {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        if detached { pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)) }
        var id = pthread_t()
        let body = Unmanaged.passRetained(Body(run)).toOpaque()
        let code = pthread_create(
            &id, &attributes,
            {
                Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
                return nil
            }, body)
        guard code == 0 else { SystemLimit.reached("no thread left", code) }
        return id
    }
}
