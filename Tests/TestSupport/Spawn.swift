import Foundation

/// A child process with a clean start: no signal blocked, none ignored. Foundation's own
/// `Process` passes on the mask of the thread it happens to run on, where SIGCHLD and SIGTERM are often blocked.
struct Child {
    let id: pid_t

    init(
        _ command: String, _ arguments: [String], environment: [String: String]? = nil, directory: String? = nil,
        descriptors: (input: Int32, output: Int32, errors: Int32)
    ) throws {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        // First above the three targets, so that none is overwritten before it is copied.
        let sources = [descriptors.input, descriptors.output, descriptors.errors].map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
        defer { for source in sources { close(source) } }
        for (target, source) in sources.enumerated() { posix_spawn_file_actions_adddup2(&actions, source, Int32(target)) }
        Self.resetSignals(&attributes)
        let environment = (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
        // posix_spawn's own way to change the directory is hidden from Swift.
        let program = directory == nil ? command : "/usr/bin/env"
        let arguments = directory.map { ["-C", $0, command] + arguments } ?? arguments
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var id: pid_t = 0
        let code = posix_spawn(&id, program, &actions, &attributes, words, variables)
        guard code == 0 else { throw ClusterError(message: "\(program): \(String(cString: strerror(code)))") }
        self.id = id
    }

    private static func resetSignals(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    }

    /// The exit status, 128 + its number for a signal; nil while it runs, if told not to wait. Call until it is not nil, not more.
    func reap(wait: Bool) -> Int32? {
        var status: Int32 = 0
        var answer = waitpid(id, &status, wait ? 0 : WNOHANG)
        while answer < 0, errno == EINTR { answer = waitpid(id, &status, wait ? 0 : WNOHANG) }
        guard answer != 0 else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}

/// Both ends close on exec, so that no other child holds them open.
func makePipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ClusterError(message: "pipe: \(String(cString: strerror(errno)))") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}
