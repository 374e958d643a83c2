/// Reads variables and gathers what is wrong with them, so that a person mends all of it in one go.
struct EnvironmentReader {
    private let environment: [String: String]
    private(set) var problems: [String] = []

    init(_ environment: [String: String]) { self.environment = environment }

    /// Nil when unset or empty: charts and compose files set empty variables.
    func string(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    mutating func require(_ name: String, or others: [String]) {
        guard ([name] + others).allSatisfy({ string($0) == nil }) else { return }
        problems.append("\(name) is not set")
    }

    /// What only its user can judge; `reason` must not repeat the value.
    mutating func refuse(_ name: String, _ reason: String) { problems.append("\(name) \(reason)") }

    mutating func int(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = string(name) else { return nil }
        if let value = Int(text), range.contains(value) { return value }
        problems.append("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound) (is \"\(text)\")")
        return nil
    }

    mutating func double(_ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let text = string(name) else { return nil }
        if let value = Double(text), range.contains(value) { return value }
        problems.append("\(name) must be a number from \(range.lowerBound) to \(range.upperBound) (is \"\(text)\")")
        return nil
    }

    mutating func duration(_ name: String, default fallback: Duration, in range: ClosedRange<Duration>) -> Duration {
        guard let text = string(name) else { return fallback }
        if let value = Duration(text: text), range.contains(value) { return value }
        problems.append("\(name) must be a time from \(range.lowerBound.text) to \(range.upperBound.text) (is \"\(text)\")")
        return fallback
    }

    /// The value is never repeated in a message: a URL may carry a password.
    mutating func url(_ name: String, default fallback: String) -> String {
        guard let text = string(name) else { return fallback }
        let rest = ["http://", "https://"].first(where: text.hasPrefix).map { text.dropFirst($0.count) }
        if let rest, !rest.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
        problems.append("\(name) must be a URL that starts with http:// or https://")
        return fallback
    }

    /// May be set to nothing, unlike the others.
    mutating func headerValue(_ name: String, default fallback: String) -> String {
        guard let text = environment[name] else { return fallback }
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        problems.append("\(name) must be printable ASCII")
        return fallback
    }

    /// False when unset.
    mutating func flag(_ name: String) -> Bool { choice(name, of: ["true", "false"]) == "true" }

    mutating func choice(_ name: String, of choices: [String]) -> String? {
        guard let text = string(name) else { return nil }
        if choices.contains(text) { return text }
        problems.append("\(name) must be one of \(choices.joined(separator: ", ")) (is \"\(text)\")")
        return nil
    }
}

/// Variables that are missing or wrong: exit code 78.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    let problems: [String]

    var description: String { "the environment is not usable: " + problems.joined(separator: "; ") }
}
