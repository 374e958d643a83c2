import Postgres

/// Exit codes of sysexits.h, and the only table from an error to one.
enum ExitCode: Int32 {
    case ok = 0
    case usage = 64
    case data = 65
    case noInput = 66
    case unavailable = 69
    case software = 70
    case temporaryFailure = 75
    case configuration = 78

    init(_ error: any Error) {
        switch error {
        case is UsageError: self = .usage
        case is ConfigurationError: self = .configuration
        case let error as any ExitCoded: self = error.exitCode
        default: self = .software
        }
    }
}

/// An error of a lower module that has an exit code of its own; the conformances stand beside the command that meets it.
protocol ExitCoded: Error {
    var exitCode: ExitCode { get }
}

/// A file, a market or a product that is not as the command line has it.
struct DataFault: ExitCoded, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
    var exitCode: ExitCode { .data }
}

extension PostgresError: ExitCoded {
    var exitCode: ExitCode { isRetryable ? .unavailable : .software }
}
