internal import Curl
internal import Runtime

/// Objects in a bucket of S3 or of a service that speaks like it.
///
/// Where the service obeys `If-None-Match`, no writer replaces an object. Where it may not, the store looks before it writes: two who
/// write different bytes under one key in the same instant may then both be told that all is well. Keys that hold a hash of what they
/// name, as those of raw objects, do not meet so.
final class S3Store: ObjectStore {
    private let bucket: S3Bucket
    private let client: Client
    private let patience: S3Patience
    private let log: Log
    private let stop: Stop?
    private var standing = S3Standing()

    init(bucket: S3Bucket, patience: S3Patience = S3Patience(), log: Log = .silent, stop: Stop? = nil) throws(LakeError) {
        self.bucket = bucket
        self.patience = patience
        self.log = log
        self.stop = stop
        do { client = try Client(connectionsPerHost: LakeLocation.atOnce) } catch { throw LakeError(.other, bucket.place, error.message) }
    }

    func put(_ key: String, _ bytes: [UInt8]) throws(LakeError) { _ = try run(.put(bytes), key) }

    func get(_ key: String) throws(LakeError) -> [UInt8] { try run(.get, key) }

    func remove(_ key: String) throws(LakeError) { _ = try run(.remove, key) }

    func putAll(_ objects: [(key: String, bytes: [UInt8])]) -> [(key: String, result: Result<Void, LakeError>)] {
        let results = runAll(objects.map { ($0.key, .put($0.bytes)) })
        return zip(objects, results).map { ($0.key, $1) }
    }

    func removeAll(_ keys: [String]) -> [(key: String, result: Result<Void, LakeError>)] {
        Array(zip(keys, runAll(keys.map { ($0, .remove) })))
    }

    func getAll<E: Error>(_ keys: [String], _ body: (String, Result<[UInt8], LakeError>) throws(E) -> Void) throws(E) {
        var operations: [S3Operation] = []
        for key in keys {
            do throws(LakeError) { operations.append(try operation(.get, key)) } catch { try body(key, .failure(error)) }
        }
        var transfers = transfers(operations)
        defer { standing = transfers.standing }
        while let ends = transfers.next() {
            for end in ends {
                do throws(E) { try body(operations[end.index].key, end.result) } catch {
                    transfers.cancel()
                    throw error
                }
            }
        }
    }

    func list(prefix: String, after: String?, limit: Int) throws(LakeError) -> ObjectPage {
        try ObjectKey.check(prefix: prefix)
        // A slash is between the names that begin with a dot and all keys.
        let after = max(after ?? "", "/")
        let url = bucket.listURL(prefix: prefix, after: after, limit: min(max(limit, 1), 1000))
        let answer = try run(operation(unchecked: .list(url: url), bucket.place))
        do { return try S3Listing.page(answer, prefix: bucket.prefix) } catch {
            throw LakeError(.other, bucket.place, "the listing is not the XML of ListObjectsV2")
        }
    }
}

// MARK: - Operations

extension S3Store {
    private func operation(_ kind: S3Operation.Kind, _ key: String) throws(LakeError) -> S3Operation {
        try ObjectKey.check(key)
        return operation(unchecked: kind, key)
    }

    private func operation(unchecked kind: S3Operation.Kind, _ key: String) -> S3Operation {
        S3Operation(kind, key: key, bucket: bucket, backoff: patience.backoff)
    }

    private func transfers(_ operations: [S3Operation]) -> S3Transfers {
        S3Transfers(operations, client: client, standing: standing, patience: patience.total, log: log, stop: stop)
    }

    private func run(_ kind: S3Operation.Kind, _ key: String) throws(LakeError) -> [UInt8] {
        try run(operation(kind, key))
    }

    private func run(_ operation: S3Operation) throws(LakeError) -> [UInt8] {
        var transfers = transfers([operation])
        defer { standing = transfers.standing }
        guard let end = transfers.next()?.first else { throw LakeError(.other, operation.key, "the transfer has no end") }
        return try end.result.get()
    }

    /// In the order given.
    private func runAll(_ wanted: [(String, S3Operation.Kind)]) -> [Result<Void, LakeError>] {
        var results = [Result<Void, LakeError>](repeating: .success(()), count: wanted.count)
        var operations: [S3Operation] = []
        var places: [Int] = []
        for (place, (key, kind)) in wanted.enumerated() {
            do throws(LakeError) {
                operations.append(try operation(kind, key))
                places.append(place)
            } catch { results[place] = .failure(error) }
        }
        var transfers = transfers(operations)
        defer { standing = transfers.standing }
        while let ends = transfers.next() {
            for end in ends { results[places[end.index]] = end.result.map { _ in } }
        }
        return results
    }
}

/// What `ListObjectsV2` answers.
///
/// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
enum S3Listing {
    /// Throws if it is no such answer. Keys without `prefix` in front and names that are no keys of ours are left out.
    static func page(_ answer: [UInt8], prefix: String) throws(XMLFault) -> ObjectPage {
        let root = try XMLElement(answer)
        guard root.name == "ListBucketResult", let isTruncated = root["IsTruncated"] else { throw XMLFault() }
        var keys: [String] = []
        var last: String?
        for entry in root.children where entry.name == "Contents" {
            guard let name = entry["Key"], name.hasPrefix(prefix) else { throw XMLFault() }
            let key = String(name.dropFirst(prefix.count))
            last = key
            if ObjectKey.isValid(key) { keys.append(key) }
        }
        // Truncated without an object would be a listing without end.
        guard isTruncated != "true" || last != nil else { throw XMLFault() }
        return ObjectPage(keys: keys, next: isTruncated == "true" ? last : nil)
    }
}
