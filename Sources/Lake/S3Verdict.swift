internal import Curl

/// What an answer of S3, or its absence, means for the one who asked.
enum S3Verdict: Equatable {
    case done([UInt8])
    /// No such object.
    case missing
    /// `If-None-Match: *` was not met.
    case exists
    /// The service knows no conditions.
    case unsupported
    /// The same may succeed later; not before the time that the service named.
    case later(Duration?, reason: String)
    case never(LakeError.Code, String)

    init(_ result: Result<Response, TransferError>, _ bucket: S3Bucket) {
        switch result {
        case .success(let response): self.init(response, bucket)
        case .failure(let error): self.init(error)
        }
    }

    private init(_ error: TransferError) {
        switch error.code {
        case .tooLarge: self = .never(.corrupt, error.message)
        case .insecure: self = .never(.invalidLocation, error.description)
        default: self = error.isRetryable ? .later(nil, reason: error.description) : .never(.other, error.description)
        }
    }

    private init(_ response: Response, _ bucket: S3Bucket) {
        guard !response.isSuccess else {
            self = .done(response.body)
            return
        }
        let fault = S3Fault(response)
        self =
            switch (response.status, fault.code) {
            case (404, "NoSuchBucket"): .never(.invalidLocation, "there is no bucket \(bucket.name)")
            case (404, _): .missing
            case (412, _): .exists
            case (501, _): .unsupported
            case _ where fault.isFull: .never(.full, "no room is left in \(bucket.place): \(fault)")
            case _ where fault.isPassing: .later(response.retryAfter, reason: "\(bucket.place): \(fault)")
            case (301, _), (307, _), (_, "AuthorizationHeaderMalformed"):
                .never(.invalidLocation, "\(bucket.name) is not in the region \(bucket.access.region): \(fault)")
            case (401, _), (400, _), (403, _): S3Verdict(refusal: fault, bucket)
            default: .never(.other, "\(bucket.place): \(fault)")
            }
    }

    /// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    private init(refusal fault: S3Fault, _ bucket: S3Bucket) {
        self =
            switch fault.code {
            case "ExpiredToken", "TokenRefreshRequired", "RequestExpired":
                .never(
                    .credentials,
                    "the credentials for \(bucket.place) have expired: S3_ACCESS_KEY, S3_SECRET_KEY and S3_SESSION_TOKEN must be new ones")
            case "InvalidAccessKeyId", "InvalidToken", "InvalidSecurity", "UnrecognizedClientException":
                .never(
                    .credentials, "\(bucket.place) does not know the access key: look at S3_ACCESS_KEY and S3_SESSION_TOKEN (\(fault.code))"
                )
            case "SignatureDoesNotMatch":
                .never(.credentials, "\(bucket.place) refuses the signature: S3_SECRET_KEY or S3_REGION is wrong")
            case "RequestTimeTooSkewed":
                .never(.credentials, "\(bucket.place) refuses the signature: the clock of this machine is wrong")
            case _ where fault.status == 401: .never(.credentials, "\(bucket.place) refuses the credentials: \(fault)")
            // The service has moved this one object to a storage class that cannot be read at once.
            case "InvalidObjectState": .never(.other, "\(bucket.place): \(fault)")
            case _ where fault.status == 403: .never(.denied, "the access key has no right to do this in \(bucket.place): \(fault)")
            default: .never(.other, "\(bucket.place): \(fault)")
            }
    }
}

/// An error as S3 tells it. Only a code and a short message are kept: the rest repeats the request, its signature included.
struct S3Fault: CustomStringConvertible {
    let status: Int
    /// Empty if the answer was not S3's form of an error, such as that of a proxy.
    let code: String
    private let message: String

    init(_ response: Response) {
        let error = response.body.count <= 64 << 10 ? try? XMLElement(response.body) : nil
        status = response.status
        code = error?.name == "Error" ? error?["Code"] ?? "" : ""
        message = String(
            (error?["Message"] ?? "").unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.prefix(200).map(Character.init))
    }

    var isPassing: Bool {
        switch status {
        case 408, 425, 429, 500, 502, 503, 504: true
        case 409: code == "ConditionalRequestConflict" || code == "OperationAborted"
        default: code == "RequestTimeout" || code == "SlowDown"
        }
    }

    var isFull: Bool { status == 507 || ["StorageFull", "QuotaExceeded", "InsufficientStorage"].contains { code.contains($0) } }

    var description: String {
        let words = [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        return words.isEmpty ? "status \(status)" : "status \(status), \(words)"
    }
}
