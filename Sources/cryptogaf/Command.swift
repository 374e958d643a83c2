import Runtime

/// One subcommand: what it is called, what it accepts, what it does. One file each.
protocol Command {
    static var name: String { get }
    /// One line for the list of commands.
    static var summary: String { get }
    /// What stands between the command and its options in the usage line, such as `add PRODUCT`; empty when it takes none.
    static var operands: String { get }
    static var options: [Option] { get }
    /// The parts of the environment it cannot do without.
    static var requires: Set<Configuration.Section> { get }
    /// Paragraphs below the options in `--help`: environment, examples.
    static var details: String { get }

    /// The same three for a command whose first word decides; otherwise they are what the others say.
    static func options(for words: [String]) -> [Option]
    static func requires(for words: [String]) -> Set<Configuration.Section>
    static func help(for words: [String]) -> String

    /// Checks everything that can be checked before the work starts.
    init(_ arguments: Arguments, _ configuration: Configuration) throws

    /// Returns when the work is done or the stop was requested; throws what ended it.
    func run(_ program: Program) throws
}

extension Command {
    static var operands: String { "" }
    static var options: [Option] { [] }
    static var requires: Set<Configuration.Section> { [] }
    static var details: String { "" }

    static func options(for words: [String]) -> [Option] { options }
    static func requires(for words: [String]) -> Set<Configuration.Section> { requires }
    static func help(for words: [String]) -> String { help(operands: operands, summary: summary, options: options, details: details) }

    static func help(operands: String, summary: String, options: [Option], details: String = "") -> String {
        var usage = "Usage: cryptogaf \(name)"
        if !operands.isEmpty { usage += " \(operands)" }
        if !options.isEmpty { usage += " [options]" }
        let rows = options.map { (name: $0.usage, meaning: $0.meaning) } + [("--help", "this text")]
        var text = "\(usage)\n\n\(HelpText.paragraphs(summary))\nOptions:\n\(HelpText.rows(rows))"
        if !details.isEmpty { text += "\n\(HelpText.paragraphs(details))" }
        return text
    }
}

/// What a command gets from the program that it runs in.
struct Program: Sendable {
    let log: Log
    /// Set by SIGTERM and SIGINT.
    let stop: Stop
    /// Its log goes the same way.
    let progress: ProgressLine
}

extension Log.Value {
    /// Of work that a signal ended before it was done, which is no failure: how far it came.
    static func stopped(_ place: String) -> Self { .text("it was stopped \(place). Run it again to go on") }
}
