import Foundation

/// A running server in a process group of its own, below a shell that reads from a pipe: when this process dies, however it
/// does, the pipe ends, and the shell kills the server and removes its directory.
final class PostgresServer: Sendable {
    private let shell: Child
    private let order: Int32
    private let group: pid_t

    private static let script = """
        directory=$1; shift
        trap '' INT TERM HUP
        setsid "$@" >>"$directory/log" 2>&1 </dev/null &
        server=$!
        echo $server
        exec >/dev/null
        if read -r order; then
            wait $server
        else
            kill -KILL -$server 2>/dev/null
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
        guard count > 1, let group = pid_t(String(decoding: line[..<(count - 1)], as: UTF8.self)) else {
            throw ClusterError(message: "the shell did not start the server")
        }
        self.group = group
    }

    func signal(_ signal: Int32) { kill(-group, signal) }

    /// Ends the server and waits until none of its processes is left. Call once.
    func end(by signal: Int32) {
        // SIGINT and SIGQUIT are for the first process; it ends the others.
        kill(signal == SIGKILL ? -group : group, signal)
        _ = write(order, "end\n", 4)
        close(order)
        _ = shell.reap(wait: true)
        // Killed at once, some may still be dying, and hold the shared memory that the next server wants.
        var tries = 500
        while tries > 0, hasLivingProcesses {
            usleep(10_000)
            tries -= 1
        }
    }

    /// Zombies do not count: nobody may ever reap them.
    private var hasLivingProcesses: Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter { Int($0) != nil } ?? []
        return processes.contains { process in
            // pid (name) state parent group …; the name may hold anything.
            guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
                let fields = stat.split(separator: ")").last?.split(separator: " "), fields.count > 2
            else { return false }
            return fields[2] == String(group) && fields[0] != "Z"
        }
    }
}
