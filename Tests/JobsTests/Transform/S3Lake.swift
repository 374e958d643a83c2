import Lake
import TestSupport

extension S3Server {
    /// The lake in its bucket.
    func location(_ prefix: String = "lake") throws -> LakeLocation {
        try LakeLocation(
            url: "s3://\(Self.bucket)/\(prefix)", s3: S3Access(endpoint: url, accessKey: accessKey, secretKey: secretKey))
    }
}
