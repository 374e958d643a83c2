import CPNG
import PNG

/// What libpng's own reader finds in a file.
struct Decoded: Equatable {
    let width: Int
    let height: Int
    let channels: Int
    let pixels: [UInt8]
}

/// libpng's words on a file that it does not accept.
struct DecodingFailure: Error {
    let message: String
}

extension Decoded {
    init(_ file: [UInt8]) throws {
        var image = png_image()
        image.version = UInt32(PNG_IMAGE_VERSION)
        defer { png_image_free(&image) }
        guard png_image_begin_read_from_memory(&image, file, file.count) != 0 else { throw DecodingFailure(&image) }
        let channels = image.format & UInt32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1
        var pixels = [UInt8](repeating: 0, count: Int(image.width * image.height) * channels)
        guard png_image_finish_read(&image, nil, &pixels, 0, nil) != 0 else { throw DecodingFailure(&image) }
        self.init(width: Int(image.width), height: Int(image.height), channels: channels, pixels: pixels)
    }
}

extension DecodingFailure {
    init(_ image: inout png_image) {
        message = withUnsafeBytes(of: &image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// A chunk as the file holds it.
struct Chunk {
    let name: String
    let data: [UInt8]
    let checksum: UInt32

    static func all(in file: [UInt8]) throws -> [Chunk] {
        var chunks: [Chunk] = []
        var at = 8
        while at + 12 <= file.count {
            let length = Int(word(file, at))
            guard at + 12 + length <= file.count else { throw DecodingFailure(message: "a chunk reaches beyond the file") }
            chunks.append(
                Chunk(
                    name: String(decoding: file[at + 4..<at + 8], as: UTF8.self), data: Array(file[at + 8..<at + 8 + length]),
                    checksum: word(file, at + 8 + length)))
            at += 12 + length
        }
        guard at == file.count else { throw DecodingFailure(message: "bytes after the last chunk") }
        return chunks
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 { bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) } }

    /// CRC-32 of name and data, bit by bit: ISO/IEC 15948, annex D.
    var computedChecksum: UInt32 {
        let crc = (Array(name.utf8) + data).reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
        }
        return crc ^ .max
    }
}
