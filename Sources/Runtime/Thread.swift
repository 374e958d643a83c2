import Glibc

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
