internal import CCurl
import FoundationEssentials

/// One easy handle: its options, and the answer as it comes in. Used for many requests, one after the other.
///
/// libcurl's callbacks find it through their user data, so it must live as long as the handle is in a multi handle; `Client` keeps it.
final class Transfer {
    /// `CURL *`; closed in `deinit` and nowhere else.
    let handle: UnsafeMutableRawPointer
    /// What the client knows this use of the handle by.
    private(set) var id: UInt64 = 0

    private let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var request = Request(.get, "")
    private var head = ResponseHead()
    private var body: [UInt8] = []
    private var overflow: String?

    /// Nil if there is no memory.
    init?() {
        guard let handle = curl_easy_init() else {
            message.deallocate()
            return nil
        }
        self.handle = handle
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(fields)
        message.deallocate()
    }

    /// Sets every option anew; connections outlive this.
    func prepare(_ request: Request, id: UInt64, userAgent: String) throws(TransferError) {
        curl_easy_reset(handle)
        self.request = request
        self.id = id
        (head, body, overflow) = (ResponseHead(), [], nil)
        message[0] = 0
        guard request.sigV4 == nil || ccurl_can_sign() else {
            throw TransferError(.invalidRequest, url: request.url, message: "libcurl 7.88 or later is needed to sign requests")
        }
        try setFields(request.headers + (request.sigV4?.headers ?? []))
        let code = firstFailure(
            setAddress(request, userAgent: userAgent), setLimits(request), setBody(request), setSignature(request.sigV4), setCallbacks())
        guard code == CURLE_OK else { throw error(code) }
    }

    /// The answer, or why there is none; gives the memory of the body away.
    func finish(_ code: CURLcode) -> Result<Response, TransferError> {
        defer { body = [] }
        if code == CURLE_FILESIZE_EXCEEDED { overflow = "the body is longer than \(request.bodyLimit) bytes" }
        if let overflow { return .failure(TransferError(.tooLarge, url: request.url, message: overflow, status: head.status)) }
        guard code == CURLE_OK else { return .failure(error(code)) }
        var status = 0
        _ = ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(
            Response(
                status: status, headers: head.fields, body: body, url: URLText.redacted(request.url), receivedAt: Date()))
    }

    private func error(_ code: CURLcode) -> TransferError {
        var text = String(cString: message)
        if text.isEmpty { text = String(cString: curl_easy_strerror(code)) }
        // libcurl says "unsupported protocol" of a server that does not speak HTTP, too.
        let spoke = code == CURLE_UNSUPPORTED_PROTOCOL && head.status == nil && isConnected
        return TransferError(
            spoke ? .malformed : TransferError.Code(code), url: request.url, curlCode: Int(code.rawValue), message: text,
            status: head.status)
    }

    private var isConnected: Bool {
        var port = 0
        return ccurl_get_long(handle, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK && port > 0
    }
}

// MARK: - Options

extension Transfer {
    private func firstFailure(_ codes: CURLcode...) -> CURLcode { codes.first { $0 != CURLE_OK } ?? CURLE_OK }

    private func setFields(_ headers: [Header]) throws(TransferError) {
        curl_slist_free_all(fields)
        fields = nil
        for header in headers {
            // A line break would smuggle in a header, or a whole request.
            guard (header.name + header.value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }), !header.name.isEmpty else {
                throw TransferError(
                    .invalidRequest, url: request.url, message: "the header \(header.name.debugDescription) holds a control character")
            }
            fields = curl_slist_append(fields, "\(header.name): \(header.value)")
        }
    }

    private func setAddress(_ request: Request, userAgent: String) -> CURLcode {
        firstFailure(
            ccurl_allow_http_only(handle),
            ccurl_set_text(handle, CURLOPT_URL, request.url),
            ccurl_set_text(handle, CURLOPT_USERAGENT, userAgent),
            // Empty: whatever libcurl can decompress.
            ccurl_set_text(handle, CURLOPT_ACCEPT_ENCODING, ""),
            ccurl_set_list(handle, CURLOPT_HTTPHEADER, fields),
            URLText.isLoopback(request.url) ? ccurl_set_text(handle, CURLOPT_PROXY, "") : CURLE_OK,
            ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1))
    }

    private func setLimits(_ request: Request) -> CURLcode {
        firstFailure(
            // Timeouts without SIGALRM: signals belong to the program.
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, max(request.timeout.milliseconds, 1)),
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, max(request.connectTimeout.milliseconds, 1)),
            // Refuses by Content-Length before a byte of the body; the sink below counts what comes without one, or compressed.
            ccurl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, request.bodyLimit),
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, request.redirectLimit > 0 ? 1 : 0),
            ccurl_set_long(handle, CURLOPT_MAXREDIRS, request.redirectLimit))
    }

    private func setBody(_ request: Request) -> CURLcode {
        switch request.method {
        case .get: return ccurl_set_long(handle, CURLOPT_HTTPGET, 1)
        case .head: return ccurl_set_long(handle, CURLOPT_NOBODY, 1)
        case .post, .put, .delete:
            let size = ccurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, request.body.count)
            let bytes = request.body.withUnsafeBufferPointer { body in
                // Copied by libcurl, which only reads. A null pointer would make it ask for a read callback: hence the empty text.
                body.isEmpty
                    ? ccurl_set_text(handle, CURLOPT_COPYPOSTFIELDS, "")
                    : ccurl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: body.baseAddress))
            }
            return firstFailure(size, bytes, ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue))
        }
    }

    private func setSignature(_ key: SigningKey?) -> CURLcode {
        guard let key else { return CURLE_OK }
        return firstFailure(
            ccurl_set_text(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(key.region):\(key.service)"),
            ccurl_set_text(handle, CURLOPT_USERNAME, key.accessKey), ccurl_set_text(handle, CURLOPT_PASSWORD, key.secretKey))
    }

    private func setCallbacks() -> CURLcode {
        let context = Unmanaged.passUnretained(self).toOpaque()
        return firstFailure(
            ccurl_set_pointer(handle, CURLOPT_PRIVATE, context),
            ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, message),
            ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context),
            ccurl_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                Transfer.receive(bytes, size * count, context) { $0.takeHeader($1) }
            },
            ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context),
            ccurl_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                Transfer.receive(bytes, size * count, context) { $0.takeBody($1) }
            })
    }
}

// MARK: - Callbacks

extension Transfer {
    /// Any other number than that of the bytes offered makes libcurl end the transfer.
    private static func receive(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
        _ take: (Transfer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let context, let bytes else { return count == 0 ? 0 : -1 }
        let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        return take(transfer, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : -1
    }

    private func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        guard head.append(line) else {
            overflow = "the headers are longer than \(ResponseHead.limit) bytes"
            return false
        }
        return true
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= request.bodyLimit else {
            overflow = "the body is longer than \(request.bodyLimit) bytes"
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }
}
