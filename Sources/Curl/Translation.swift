internal import CCurl
import FoundationEssentials

// What libcurl says, in our words.

extension TransferError.Code {
    init(_ code: CURLcode) {
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT: self = .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .unresolved
        case CURLE_COULDNT_CONNECT: self = .unconnected
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            self = .insecure
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2_STREAM: self = .broken
        case CURLE_FILESIZE_EXCEEDED: self = .tooLarge
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2: self = .malformed
        case CURLE_TOO_MANY_REDIRECTS: self = .tooManyRedirects
        case CURLE_ABORTED_BY_CALLBACK: self = .cancelled
        default: self = .other
        }
    }
}

extension Date {
    /// Nil if it is not one of the three forms of an HTTP date.
    ///
    /// Source: RFC 9110, section 5.6.7.
    init?(httpDate text: String) {
        let seconds = curl_getdate(text, nil)
        guard seconds >= 0 else { return nil }
        self.init(timeIntervalSince1970: Double(seconds))
    }
}
