/// One field of a request or a response.
public struct Header: Equatable, Sendable {
    /// In a response lowercase, whatever the server wrote.
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// An HTTP request as a value, with every bound it runs under.
public struct Request: Equatable, Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    public var method: Method
    /// Absolute, `http` or `https`, percent-encoded (see `URLText`).
    public var url: String
    public var headers: [Header]
    public var body: [UInt8]
    /// From submission to the last byte of the answer.
    public var timeout: Duration
    /// Of `timeout`, for name, connection and TLS together.
    public var connectTimeout: Duration
    /// Bytes of the answer after decompression; more is an error, as early as it is known.
    public var bodyLimit: Int
    /// 0: a redirect is the answer.
    public var redirectLimit: Int
    /// Signs the request with it as Amazon's services want it, when it is sent.
    public var sigV4: SigningKey?

    public init(
        _ method: Method = .get, _ url: String, headers: [Header] = [], body: [UInt8] = [], timeout: Duration = .seconds(10),
        connectTimeout: Duration = .seconds(3), bodyLimit: Int = 8 << 20, redirectLimit: Int = 0, sigV4: SigningKey? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.bodyLimit = bodyLimit
        self.redirectLimit = redirectLimit
        self.sigV4 = sigV4
    }
}
