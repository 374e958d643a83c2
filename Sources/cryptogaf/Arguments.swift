import FoundationEssentials

/// An option that a command accepts.
struct Option: Sendable {
    let name: String
    /// What the value is called in the help; nil for a flag.
    let placeholder: String?
    let meaning: String
    /// Whether it may stand several times.
    var repeats = false

    static func value(_ name: String, _ placeholder: String, _ meaning: String) -> Option {
        Option(name: name, placeholder: placeholder, meaning: meaning)
    }

    static func values(_ name: String, _ placeholder: String, _ meaning: String) -> Option {
        Option(name: name, placeholder: placeholder, meaning: meaning, repeats: true)
    }

    static func flag(_ name: String, _ meaning: String) -> Option {
        Option(name: name, placeholder: nil, meaning: meaning)
    }

    var usage: String { placeholder.map { "\(name) \($0)" } ?? name }
}

/// A command line that cannot be understood: exit code 64.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The words after the command's name, sorted into operands, flags and values; `--name value` and `--name=value` are the same,
/// and everything after `--` is an operand.
struct Arguments: Sendable {
    private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]
    private var flags: Set<String> = []

    init(_ words: [String], accepting options: [Option]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                return
            }
            guard word.hasPrefix("--"), word != "-" else {
                operands.append(word)
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = options.first(where: { $0.name == parts[0] }) else {
                throw UsageError("there is no option \(parts[0])")
            }
            guard option.repeats || values[option.name] == nil, !flags.contains(option.name) else {
                throw UsageError("\(option.name) stands twice")
            }
            if let placeholder = option.placeholder {
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                    throw UsageError("\(option.name) needs a value: \(placeholder)")
                }
                values[option.name, default: []].append(value)
            } else {
                guard parts.count == 1 else { throw UsageError("\(option.name) takes no value") }
                flags.insert(option.name)
            }
        }
    }

    func flag(_ name: String) -> Bool { flags.contains(name) }

    func string(_ name: String) -> String? { values[name]?.last }

    /// Of an option that may stand several times, in their order.
    func strings(_ name: String) -> [String] { values[name] ?? [] }

    func int(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        try string(name).map { text in
            guard let value = Int(text), range.contains(value) else {
                throw UsageError("\(name) takes a whole number from \(range.lowerBound) to \(range.upperBound) (got \"\(text)\")")
            }
            return value
        }
    }

    func int(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
        try int(name, in: range) ?? fallback
    }

    /// Seconds, or a number with a unit: `0.5`, `250ms`, `75s`, `5m`, `1h`.
    func duration(_ name: String, in range: ClosedRange<Duration>) throws -> Duration? {
        try string(name).map { text in
            guard let value = Duration(text: text), range.contains(value) else {
                let limits = "from \(range.lowerBound.text) to \(range.upperBound.text)"
                throw UsageError("\(name) takes a time \(limits), such as 0.5, 250ms, 75s or 5m (got \"\(text)\")")
            }
            return value
        }
    }

    /// A day or a time in UTC.
    func time(_ name: String) throws -> Date? {
        try string(name).map { text in
            guard let time = Date(utcText: text) else {
                throw UsageError("\(name) takes a day or a time in UTC, such as 2025-01-31 or 2025-01-31T12:00Z (got \"\(text)\")")
            }
            return time
        }
    }
}
