import Foundation
import Lake
import TestSupport
import Testing

/// A fresh, empty lake of one kind, with an archive, gone with this object.
final class Store: Sendable {
    enum Kind: String, Sendable, CustomTestStringConvertible {
        case file
        /// Below a prefix of a bucket, of a server that checks signatures.
        case s3

        /// Those that can be had here; that there is no S3, one test of the contract says.
        static let all: [Kind] = S3Server.isPresent ? [.file, .s3] : [.file]

        var testDescription: String { rawValue }
    }

    let location: LakeLocation
    /// Of `.file`.
    let folder: String
    private let server: S3Server?

    init(_ kind: Kind) throws {
        folder = try Free.directory()
        switch kind {
        case .file:
            server = nil
            location = try LakeLocation(url: "file://\(folder)/lake")
        case .s3:
            let server = try S3Server()
            self.server = server
            location = try server.location("some/prefix")
        }
        for place in [location, location.archive()] { try place.begin() }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var lake: String { "\(folder)/lake" }

    func open() throws -> any ObjectStore { try location.open() }
}

extension S3Server {
    func location(_ prefix: String = "", secretKey: String? = nil) throws -> LakeLocation {
        let access = try S3Access(endpoint: url, accessKey: accessKey, secretKey: secretKey ?? self.secretKey)
        return try LakeLocation(url: "s3://\(S3Server.bucket)/\(prefix)", s3: access)
    }
}

extension ObjectStore {
    func keys(prefix: String = "", after: String? = nil, limit: Int = 1000) throws -> [String] {
        try list(prefix: prefix, after: after, limit: limit).keys
    }

    func code(ofPut key: String, _ bytes: [UInt8] = [1]) -> LakeError.Code? { code { () throws(LakeError) in try put(key, bytes) } }

    func code(ofGet key: String) -> LakeError.Code? { code { () throws(LakeError) in _ = try get(key) } }

    private func code(_ work: () throws(LakeError) -> Void) -> LakeError.Code? {
        do {
            try work()
            return nil
        } catch { return error.code }
    }
}

func code(_ result: Result<Void, LakeError>) -> LakeError.Code? {
    guard case .failure(let error) = result else { return nil }
    return error.code
}
