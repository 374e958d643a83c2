import Lake

/// Where the raw objects lie, now and later.
struct LakeSettings: Sendable {
    /// `LAKE_URL`, with `S3_ENDPOINT`, `S3_REGION`, `S3_ACCESS_KEY`, `S3_SECRET_KEY` and `S3_SESSION_TOKEN` if it is `s3://`.
    let lake: LakeLocation?
    /// `LAKE_ARCHIVE_URL`; else inside the lake, where its listings do not look.
    let archive: LakeLocation?

    init(_ reader: inout EnvironmentReader, required: Bool) {
        if required { reader.require("LAKE_URL", or: []) }
        let names = ["LAKE_URL", "LAKE_ARCHIVE_URL"]
        let isS3 = names.contains { reader.string($0)?.hasPrefix("s3://") == true }
        let access = isS3 ? Self.access(&reader) : nil
        let places = names.map { name in
            // Without access the location is not to blame.
            reader.string(name).flatMap { $0.hasPrefix("s3://") && access == nil ? nil : Self.location(name, $0, access, &reader) }
        }
        lake = places[0]
        archive = places[1] ?? (reader.string("LAKE_ARCHIVE_URL") == nil ? lake?.archive() : nil)
        if let lake, let archive, lake.overlaps(archive) {
            reader.refuse("LAKE_ARCHIVE_URL", "must be outside of LAKE_URL, or left out")
        }
    }

    private static func access(_ reader: inout EnvironmentReader) -> S3Access? {
        let endpoint = reader.string("S3_ENDPOINT") == nil ? nil : reader.url("S3_ENDPOINT", default: "")
        for name in ["S3_ACCESS_KEY", "S3_SECRET_KEY"] { reader.require(name, or: []) }
        do {
            guard let accessKey = reader.string("S3_ACCESS_KEY"), let secretKey = reader.string("S3_SECRET_KEY") else { return nil }
            return try S3Access(
                endpoint: endpoint, region: reader.string("S3_REGION") ?? "us-east-1", accessKey: accessKey, secretKey: secretKey,
                sessionToken: reader.string("S3_SESSION_TOKEN"))
        } catch {
            reader.refuse("S3_REGION", error.message)
            return nil
        }
    }

    private static func location(_ name: String, _ url: String, _ access: S3Access?, _ reader: inout EnvironmentReader) -> LakeLocation? {
        do { return try LakeLocation(url: url, s3: access) } catch {
            reader.refuse(name, error.message)
            return nil
        }
    }
}
