internal import CCrypto

/// A SHA-256 digest (FIPS 180-4), computed by libcrypto.
public struct SHA256: Hashable, Sendable, CustomStringConvertible {
    /// 32 of them.
    public let bytes: [UInt8]

    public static func hash(_ message: [UInt8]) -> SHA256 {
        SHA256(
            bytes: [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { digest, count in
                _ = CCrypto.SHA256(message, message.count, digest.baseAddress)
                count = Int(SHA256_DIGEST_LENGTH)
            })
    }

    /// 64 lower-case digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            for (index, byte) in bytes.enumerated() {
                text[2 * index] = digits[Int(byte >> 4)]
                text[2 * index + 1] = digits[Int(byte & 15)]
            }
            return 2 * bytes.count
        }
    }

    public var description: String { hex }
}
