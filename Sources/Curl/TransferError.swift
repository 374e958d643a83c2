/// A request that got no complete answer.
public struct TransferError: Error, Equatable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        /// The URL, a header or an option cannot be sent. A fault of the caller: sending it again changes nothing.
        case invalidRequest
        case unresolved
        case unconnected
        /// The certificate or the handshake; not a matter of time.
        case insecure
        case timeout
        /// The connection ended before or within the answer.
        case broken
        /// Body or headers over their limit; what had come is dropped.
        case tooLarge
        /// Not HTTP, or not what its encoding says.
        case malformed
        case tooManyRedirects
        case cancelled
        /// Anything else of libcurl's; see `message`.
        case other
    }

    public let code: Code
    /// Of the request, without anything secret.
    public let url: String
    /// libcurl's number, 0 if the fault was found before it was asked.
    public let curlCode: Int
    /// What libcurl said, or which limit was passed.
    public let message: String
    /// Of the answer that had begun, if one had.
    public let status: Int?

    public init(_ code: Code, url: String, curlCode: Int = 0, message: String, status: Int? = nil) {
        self.code = code
        self.url = URLText.redacted(url)
        self.curlCode = curlCode
        self.message = message
        self.status = status
    }

    /// The same request may succeed later.
    public var isRetryable: Bool {
        switch code {
        case .invalidRequest, .insecure, .tooManyRedirects: false
        case .unresolved, .unconnected, .timeout, .broken, .tooLarge, .malformed, .cancelled, .other: true
        }
    }

    public var description: String {
        let status = status.map { ", after status \($0)" } ?? ""
        let number = curlCode == 0 ? "" : " (curl \(curlCode))"
        return "\(url): \(message)\(number)\(status)"
    }
}
