internal import Curl
internal import Digest
internal import Runtime

/// One object's business with S3: what to ask, and what to do upon the answer. Does no I/O.
struct S3Operation {
    enum Kind {
        case get
        case put([UInt8])
        case remove
        /// The key is where the listing is.
        case list(url: String)
    }

    /// What to do next.
    enum Step {
        case ask
        case wait(atLeast: Duration, reason: String)
        case end(Result<[UInt8], LakeError>)
    }

    let key: String
    let kind: Kind
    let bucket: S3Bucket
    /// Of a put: whether the object is being looked for, or written.
    private var isLooking: Bool
    private var isConditional = true
    /// Of looking and writing, which may alternate while others write and remove.
    private var rounds = 0
    private(set) var backoff: Backoff
    /// Of the bytes of a put, in hexadecimal.
    private let hash: String

    private static let roundLimit = 6
    /// A page of a thousand keys takes about half of one.
    private static let pageLimit = 8 << 20

    init(_ kind: Kind, key: String, bucket: S3Bucket, backoff: Backoff) {
        self.kind = kind
        self.key = key
        self.bucket = bucket
        self.backoff = backoff
        isLooking = !bucket.obeysConditions
        if case .put(let bytes) = kind { hash = SHA256.hash(bytes).hex } else { hash = Self.hashOfNothing }
    }

    var request: Request {
        switch kind {
        case .get: request(.get)
        case .put(let bytes): isLooking ? request(.get) : request(.put, bytes)
        case .remove: request(.delete)
        case .list(let url): request(.get, url: url, limit: Self.pageLimit)
        }
    }

    mutating func take(_ verdict: S3Verdict) -> Step {
        switch verdict {
        case .later(let wait, let reason):
            return .wait(atLeast: max(backoff.next(), wait ?? .zero), reason: reason)
        case .never(let code, let message): return .end(.failure(LakeError(code, key, message)))
        case .done, .missing, .exists, .unsupported: break
        }
        switch kind {
        case .put(let bytes): return takePut(bytes, verdict)
        case .remove where verdict == .missing: return .end(.success([]))
        case .get, .remove, .list:
            if case .done(let bytes) = verdict { return .end(.success(bytes)) }
            return .end(
                .failure(
                    LakeError(
                        verdict == .missing ? .missing : .other, key,
                        verdict == .missing ? "no such object" : "\(bucket.place) does not know this request")))
        }
    }

    private mutating func takePut(_ bytes: [UInt8], _ verdict: S3Verdict) -> Step {
        switch verdict {
        case .done(let found) where isLooking:
            return .end(found == bytes ? .success([]) : .failure(LakeError(.conflict, key, "another object has this key")))
        case .done: return .end(.success([]))
        case .missing where isLooking: isLooking = false
        case .exists where !isLooking: isLooking = true
        case .unsupported where !isLooking && isConditional: isConditional = false
        default: return .end(.failure(LakeError(.other, key, "\(bucket.place) cannot keep an object")))
        }
        rounds += 1
        return rounds < Self.roundLimit ? .ask : .end(.failure(LakeError(.other, key, "it comes and goes in \(bucket.place)")))
    }

    private func request(_ method: Request.Method, _ bytes: [UInt8] = [], url: String? = nil, limit: Int = RawObject.sizeLimit) -> Request {
        var headers = [Header("x-amz-content-sha256", method == .put ? hash : Self.hashOfNothing)]
        if method == .put {
            headers.append(Header("Content-Type", "application/gzip"))
            if isConditional { headers.append(Header("If-None-Match", "*")) }
        }
        return Request(
            method, url ?? bucket.url(of: key), headers: headers, body: bytes, timeout: .seconds(60), connectTimeout: .seconds(5),
            bodyLimit: limit, sigV4: bucket.access.key)
    }

    private static let hashOfNothing = SHA256.hash([]).hex
}
