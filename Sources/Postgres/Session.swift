import CPostgres
import Glibc

/// The one owner of a libpq connection. Whatever may wait, waits on the socket with a deadline.
final class Session {
    private let handle: OpaquePointer
    private let notices: NoticeBox
    /// Set when the server is about to close, or still owes an answer: what comes next would be taken for that to another question.
    private var isLost = false

    private final class NoticeBox {
        let receive: (Notice) -> Void
        init(_ receive: @escaping (Notice) -> Void) { self.receive = receive }
    }

    init(_ options: ConnectionOptions, notice: @escaping (Notice) -> Void) throws(PostgresError) {
        notices = NoticeBox(notice)
        let parameters = options.parameters
        let connected = withCStrings(parameters.map(\.keyword)) { keywords in
            withCStrings(parameters.map(\.value)) { values in
                // 0: a database name is a name, not a connection string that could name another server.
                PQconnectdbParams(keywords, values, 0)
            }
        }
        // Nil only when memory is out.
        guard let connected else { throw PostgresError(.connection, "out of memory", isConnectionLost: true) }
        handle = connected
        guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
        PQsetNoticeReceiver(
            handle,
            { box, result in
                guard let box, let result else { return }
                Unmanaged<NoticeBox>.fromOpaque(box).takeUnretainedValue().receive(Notice(result))
            }, Unmanaged.passUnretained(notices).toOpaque())
        // Otherwise a server that stopped reading would hold us inside send(2).
        guard PQsetnonblocking(handle, 1) == 0 else { throw lost() }
    }

    deinit { PQfinish(handle) }

    var isBroken: Bool { isLost || PQstatus(handle) != CONNECTION_OK }
    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }
    var isInFailedTransaction: Bool { PQtransactionStatus(handle) == PQTRANS_INERROR }
    var processID: Int32 { PQbackendPID(handle) }
    var serverVersion: Int32 { PQserverVersion(handle) }

    /// Several statements at once, without binds; the answer is the last one's.
    func run(script: String, deadline: Deadline) throws(PostgresError) -> QueryResult {
        guard PQsendQuery(handle, script) == 1 else { throw lost(script) }
        return try answer(to: script, deadline)
    }

    func prepare(_ name: String, _ text: String, _ binds: [Bind], deadline: Deadline) throws(PostgresError) {
        let types = binds.map(\.type)
        guard PQsendPrepare(handle, name, text, Int32(types.count), types) == 1 else { throw lost(text) }
        _ = try answer(to: text, deadline)
    }

    /// `name` nil: the statement is parsed, run and forgotten.
    func execute(_ name: String?, _ text: String, _ binds: [Bind], binary: Bool, deadline: Deadline) throws(PostgresError) -> QueryResult {
        let parameters = try BoundParameters(binds, query: text)
        let sent = parameters.withPointers { values, lengths, formats in
            guard let name else {
                return PQsendQueryParams(handle, text, Int32(binds.count), binds.map(\.type), values, lengths, formats, binary ? 1 : 0)
            }
            return PQsendQueryPrepared(handle, name, Int32(binds.count), values, lengths, formats, binary ? 1 : 0)
        }
        guard sent == 1 else { throw lost(text) }
        return try answer(to: text, deadline)
    }

    /// Sends all of `data` to a COPY that has been started; returns when the system has it, so that libpq never holds more.
    func copy(_ data: UnsafeRawBufferPointer, _ text: String, deadline: Deadline) throws(PostgresError) {
        while true {
            let code = PQputCopyData(handle, data.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(data.count))
            if code == 1 { return try flush(text, deadline) }
            guard code == 0 else { throw lost(text) }
            try flush(text, deadline)
        }
    }

    /// Ends the COPY; with a reason, the server discards all of it.
    func endCopy(_ text: String, abort reason: String?, deadline: Deadline) throws(PostgresError) -> QueryResult {
        while true {
            let code = PQputCopyEnd(handle, reason)
            if code == 1 { break }
            guard code == 0 else { throw lost(text) }
            try flush(text, deadline)
        }
        return try answer(to: text, deadline)
    }

    private func answer(to text: String, _ deadline: Deadline) throws(PostgresError) -> QueryResult {
        do {
            try flush(text, deadline)
            return try results(text, deadline)
        } catch {
            guard error.code == .timeout, error.sqlState == nil else { throw error }
            throw abandon(error, grace: deadline.grace)
        }
    }

    private func results(_ text: String, _ deadline: Deadline) throws(PostgresError) -> QueryResult {
        var last: QueryResult?
        var failure: PostgresError?
        while true {
            while PQisBusy(handle) == 1 {
                try wait(POLLIN, text, deadline)
                // The server's last words may have come with the end: the next result tells.
                guard PQconsumeInput(handle) == 1 else { break }
            }
            guard let result = PQgetResult(handle).map(QueryResult.init) else { break }
            if let error = result.error(query: text) { failure = failure ?? error }
            // The server closes after such a word, even if the end has not arrived yet.
            if result.isFatal { isLost = true }
            last = result
            if result.isCopyIn { break }
        }
        if var failure {
            if isBroken {
                failure.isConnectionLost = true
                failure.code = .connection
            }
            throw failure
        }
        guard let last else { throw lost(text) }
        return last
    }

    private func flush(_ text: String, _ deadline: Deadline) throws(PostgresError) {
        while true {
            let code = PQflush(handle)
            if code == 0 { return }
            guard code == 1 else { throw lost(text) }
            // The server may have to be rid of its own output before it reads on.
            if try wait(POLLIN | POLLOUT, text, deadline) & POLLIN != 0, PQconsumeInput(handle) == 0 { throw lost(text) }
        }
    }

    @discardableResult
    private func wait(_ events: Int32, _ text: String, _ deadline: Deadline) throws(PostgresError) -> Int32 {
        while true {
            var poller = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
            let ready = poll(&poller, 1, deadline.milliseconds)
            if ready > 0 { return Int32(poller.revents) }
            if ready == 0, deadline.hasPassed { throw PostgresError(.timeout, "no answer from the server in time", query: text) }
            if ready < 0, errno != EINTR { throw lost(text) }
        }
    }

    /// After a deadline: asks the server to stop, and drains what it still says. The connection is kept only if that is the end which was asked
    /// for: a request that has not arrived yet would end the next statement, and no one says when it has. `PQcancel` returns once the server
    /// has closed the request's own connection, and what ended the statement meanwhile need not have been the request.
    private func abandon(_ error: PostgresError, grace: Duration) -> PostgresError {
        Cancellation(handle)?.send()
        do {
            _ = try results("", Deadline(after: grace))
            isLost = true
        } catch {
            // Lost already after a server's last word.
            isLost = isLost || !error.isCancellation
        }
        var error = error
        error.isConnectionLost = isBroken
        return error
    }

    private func lost(_ text: String? = nil) -> PostgresError {
        let broken = PQstatus(handle) != CONNECTION_OK
        return PostgresError(broken ? .connection : .usage, String(cString: PQerrorMessage(handle)), query: text, isConnectionLost: broken)
    }
}

extension PostgresError {
    /// An end by request. The server's own limit has the same SQLSTATE, so the words tell; in another language they are nobody's, which only
    /// costs a connection.
    /// Source: https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/tcop/postgres.c, ProcessInterrupts
    fileprivate var isCancellation: Bool { sqlState == "57014" && message == "canceling statement due to user request" }
}

/// Lends C strings, ended by a null pointer.
private func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let pointers = copies.map { UnsafePointer($0) } + [nil]
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
}
