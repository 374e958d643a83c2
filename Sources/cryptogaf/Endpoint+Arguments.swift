import FastCGI

extension Endpoint {
    /// Where a command that answers FastCGI listens.
    static let options: [Option] = [
        .value("--socket", "PATH", "listen on a Unix socket"),
        .value("--socket-mode", "MODE", "permissions of the socket's file, octal (default 660)"),
        .value("--listen", "HOST:PORT", "listen on an IPv4 address; without HOST on this machine only"),
    ]

    /// Exactly one of socket and address must be there.
    init(_ arguments: Arguments) throws {
        switch (arguments.string("--socket"), arguments.string("--listen")) {
        case (let path?, nil):
            guard let text = arguments.string("--socket-mode") else {
                self = .socket(path: path)
                return
            }
            guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
                throw UsageError("--socket-mode takes an octal number up to 777 (got \"\(text)\")")
            }
            self = .socket(path: path, mode: mode)
        case (nil, let address?): try self.init(address: address, of: "--listen")
        default: throw UsageError("one of --socket and --listen is needed")
        }
    }

    /// - Parameter option: whose value the address is.
    init(address: String, of option: String) throws(UsageError) {
        do { try self.init(address: address) } catch { throw UsageError("\(option) \(error.endpoint) \(error.reason)") }
    }
}
