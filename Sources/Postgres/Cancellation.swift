import CPostgres
import Glibc

/// A request to end a statement. libpq sends it over a second connection and waits there without limit, so a thread of its
/// own does: a server that hangs keeps that thread, not ours.
struct Cancellation {
    private let cancel: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let cancel = PQgetCancel(connection) else { return nil }
        self.cancel = cancel
    }

    consuming func send() {
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { cancel in
                var message = [CChar](repeating: 0, count: 256)
                let cancel = OpaquePointer(cancel)
                PQcancel(cancel, &message, Int32(message.count))
                PQfreeCancel(cancel)
                return nil
            }, UnsafeMutableRawPointer(cancel))
        if code == 0 { pthread_detach(thread) } else { PQfreeCancel(cancel) }
    }
}
