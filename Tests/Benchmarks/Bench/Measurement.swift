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

/// The median time of one call: at least five rounds, and as many as fit into a second.
func median(_ body: () throws -> Void) rethrows -> Duration {
    let clock = ContinuousClock()
    let start = clock.now
    var rounds: [Duration] = []
    while rounds.count < 5 || start.duration(to: clock.now) < .seconds(1) { rounds.append(try clock.measure(body)) }
    return rounds.sorted()[rounds.count / 2]
}
