import Foundation

/// A running server below a shell that reads from a pipe: when this process dies, however it does, the pipe ends, and the shell
/// kills the server, also one that stands still, and removes its directory.
final class PostgresServer: Sendable {
    private let shell: Child
    private let order: Int32
    /// The first process, the parent of all others.
    private let postmaster: pid_t

    private static let script = """
        directory=$1; shift
        trap '' INT TERM HUP
        "$@" >>"$directory/log" 2>&1 </dev/null &
        server=$!
        echo $server
        exec >/dev/null 2>&1
        if read -r order; then
            wait $server
        else
            kill -KILL $server $(cat /proc/$server/task/$server/children)
            rm -rf "$directory"
        fi
        """

    init(directory: String, options: [String]) throws {
        let (program, prefix) = try PostgresCluster.asServer("postgres")
        let orders = try makePipe()
        let answers = try makePipe()
        let arguments = ["-c", Self.script, "sh", directory, program] + prefix + ["-D", "\(directory)/data"] + options
        shell = try Child("/bin/sh", arguments, descriptors: (orders.read, answers.write, STDERR_FILENO))
        for descriptor in [orders.read, answers.write] { close(descriptor) }
        order = orders.write
        var line = [UInt8](repeating: 0, count: 32)
        let count = read(answers.read, &line, line.count)
        close(answers.read)
        guard count > 1, let postmaster = pid_t(String(decoding: line[..<(count - 1)], as: UTF8.self)) else {
            throw ClusterError(message: "the shell did not start the server")
        }
        self.postmaster = postmaster
    }

    /// To all processes of the server.
    func signal(_ signal: Int32) { for process in processes { kill(process, signal) } }

    /// Ends the server and waits until none of its processes is left. Call once.
    func end(by signal: Int32) {
        if signal == SIGKILL { kill(postmaster, SIGSTOP) }
        let all = processes
        // SIGINT and SIGQUIT are for the first process; it ends the others.
        for process in signal == SIGKILL ? all : [postmaster] { kill(process, signal) }
        _ = write(order, "end\n", 4)
        close(order)
        _ = shell.reap(wait: true)
        // Killed at once, some may still be dying, and hold the shared memory that the next server wants.
        var tries = 500
        while tries > 0, all.contains(where: Self.isAlive) {
            usleep(10_000)
            tries -= 1
        }
    }

    private var processes: [pid_t] {
        let children = try? String(contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)
        return [postmaster] + (children ?? "").split(separator: " ").compactMap { pid_t($0) }
    }

    /// False also for a zombie, which nobody may ever reap.
    private static func isAlive(_ process: pid_t) -> Bool {
        // pid (name) state …; the name may hold anything.
        let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        guard let state = stat?.split(separator: ")").last?.split(separator: " ").first else { return false }
        return state != "Z"
    }
}
