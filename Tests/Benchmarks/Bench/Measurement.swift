import Glibc

/// One figure of the benchmark, printed as a line of JSON.
struct Measurement {
    let name: String
    let value: Double
    let unit: String

    func report() { print("{\"name\": \"\(name)\", \"value\": \(value), \"unit\": \"\(unit)\"}") }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// The median processor time of one call, which other programs on the machine disturb less than the time by the clock: at least five
/// rounds, and as many as fit into a second.
func median(_ body: () throws -> Void) rethrows -> Duration {
    let start = Duration.ofThread
    var rounds: [Duration] = []
    while rounds.count < 5 || .ofThread - start < .seconds(1) {
        let before = Duration.ofThread
        try body()
        rounds.append(.ofThread - before)
    }
    return rounds.sorted()[rounds.count / 2]
}

extension Duration {
    /// What this thread has had of the processor.
    fileprivate static var ofThread: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
