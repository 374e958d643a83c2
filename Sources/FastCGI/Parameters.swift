import HTTP

/// What of a request's FastCGI parameters is used, copied out of libfcgi's memory.
struct Parameters {
    private(set) var method = Method.get
    private(set) var contentLength = 0
    private(set) var requestID = ""
    private(set) var headers = Headers()
    /// As the client sent it, if the server passes it on.
    private var requestURI: String?
    private var scriptName = ""
    private var pathInfo = ""
    private var queryString = ""
    /// A parameter that is not UTF-8 makes the request a bad one.
    private(set) var malformed: String?

    /// Path and query, still encoded.
    var target: String {
        if let requestURI { return requestURI }
        let path = scriptName + pathInfo
        return queryString.isEmpty ? path : path + "?" + queryString
    }

    /// - Parameter entry: `NAME=value`.
    mutating func add(_ entry: UnsafeBufferPointer<UInt8>) {
        guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { return }
        let name = String(decoding: UnsafeBufferPointer(rebasing: entry[..<equals]), as: UTF8.self)
        guard let value = String(validating: entry[(equals + 1)...], as: UTF8.self) else {
            malformed = name
            return
        }
        switch name {
        case "REQUEST_METHOD": method = Method(rawValue: value)
        case "REQUEST_URI": requestURI = value
        case "SCRIPT_NAME": scriptName = value
        case "PATH_INFO": pathInfo = value
        case "QUERY_STRING": queryString = value
        case "REQUEST_ID": requestID = value
        case "CONTENT_LENGTH": contentLength = value.isEmpty ? 0 : Int(value) ?? -1
        case "CONTENT_TYPE" where !value.isEmpty: headers.append("content-type", value)
        case _ where name.hasPrefix("HTTP_"): headers.append(Parameters.fieldName(name), value)
        default: break
        }
    }

    /// `HTTP_IF_NONE_MATCH` is `if-none-match`.
    private static func fieldName(_ parameter: String) -> String {
        let bytes = parameter.utf8.dropFirst(5).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "_"): UInt8(ascii: "-")
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: byte
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
