import HTTP
import Postgres
import Warehouse

/// The predecessor's answer: `midpoint`, `png1` order book, `png2` buys, `png3` sells, `png4` midpoint difference field, `size`, `date`.
enum GafImagesJSON {
    /// `png1` to `png4`.
    static let kinds: [ImageKind] = [.orderbook, .buy, .sell, .midpointDifference]

    static let notDrawn = #"{"midpoint":null,"png1":null,"png2":null,"png3":null,"png4":null,"size":0,"date":null}"#

    /// Text of ours around the images, which stay where libpq put them.
    static func parts(_ images: GafImages) -> [any ByteSource] {
        var parts: [any ByteSource] = ["{\"midpoint\":" + (images.midpoint.map(JSONText.quoted) ?? "null")]
        for (index, kind) in kinds.enumerated() {
            let name = ",\"png\(index + 1)\":"
            guard let picture = images.base64[kind] else {
                parts.append(name + "null")
                continue
            }
            parts += [name + "\"", picture.jsonCharacters, "\""]
        }
        parts.append(",\"size\":\(images.size),\"date\":" + (images.date.map(JSONText.quoted) ?? "null") + "}")
        return parts
    }
}
