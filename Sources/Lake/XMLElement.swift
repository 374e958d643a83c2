/// A small document of XML 1.0 as services write it: elements and text. No document type, no section of raw text, no entity but the
/// five that need no declaration; attributes are left aside.
struct XMLElement: Equatable {
    let name: String
    /// Its own, without that of its children.
    private(set) var text = ""
    private(set) var children: [XMLElement] = []

    /// Throws unless the bytes are one such document, whole.
    init(_ document: [UInt8]) throws(XMLFault) {
        var reader = Reader(rest: document[...])
        guard reader.skipToElement() else { throw XMLFault() }
        self = try reader.element(depth: 0)
        guard !reader.skipToElement(), reader.rest.isEmpty else { throw XMLFault() }
    }

    fileprivate init(name: String, text: String, children: [XMLElement]) {
        self.name = name
        self.text = text
        self.children = children
    }

    /// The text of the first child of that name.
    subscript(_ name: String) -> String? { children.first { $0.name == name }?.text }
}

/// Not a document that we read.
struct XMLFault: Error {}

private struct Reader {
    var rest: ArraySlice<UInt8>

    static let depthLimit = 16

    /// False: what follows is no element.
    mutating func skipToElement() -> Bool {
        while true {
            rest = rest.drop { $0 <= 0x20 }
            if skip("<?") { _ = take(until: "?>") } else if skip("<!--") { _ = take(until: "-->") } else { break }
        }
        return rest.first == UInt8(ascii: "<")
    }

    mutating func element(depth: Int) throws(XMLFault) -> XMLElement {
        guard depth < Self.depthLimit, skip("<") else { throw XMLFault() }
        let name = try word()
        if try skipAttributes() { return XMLElement(name: name, text: "", children: []) }
        var children: [XMLElement] = []
        var text: [UInt8] = []
        while !skip("</") {
            if skip("<!--") {
                guard take(until: "-->") != nil else { throw XMLFault() }
            } else if rest.first == UInt8(ascii: "<") {
                children.append(try element(depth: depth + 1))
            } else {
                text += try characters()
            }
        }
        guard try word() == name else { throw XMLFault() }
        rest = rest.drop { $0 <= 0x20 }
        guard skip(">"), let text = String(validating: text, as: UTF8.self) else { throw XMLFault() }
        return XMLElement(name: name, text: text, children: children)
    }

    private mutating func word() throws(XMLFault) -> String {
        let bytes = rest.prefix { $0 > 0x20 && !"<>/=&\"'!?".utf8.contains($0) }
        rest = rest.dropFirst(bytes.count)
        guard !bytes.isEmpty, let word = String(validating: bytes, as: UTF8.self) else { throw XMLFault() }
        return word
    }

    /// To the end of the tag; true if it is that of an empty element.
    private mutating func skipAttributes() throws(XMLFault) -> Bool {
        while true {
            rest = rest.drop { $0 <= 0x20 }
            if skip("/>") { return true }
            if skip(">") { return false }
            _ = try word()
            guard skip("="), let quote = rest.popFirst(), "\"'".utf8.contains(quote), let end = rest.firstIndex(of: quote) else {
                throw XMLFault()
            }
            rest = rest[(end + 1)...]
        }
    }

    /// Up to the next tag.
    private mutating func characters() throws(XMLFault) -> [UInt8] {
        let plain = rest.prefix { $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "&") }
        rest = rest.dropFirst(plain.count)
        guard !rest.isEmpty else { throw XMLFault() }
        guard skip("&") else { return Array(plain) }
        guard let name = take(until: ";"), name.count <= 10, let scalar = Self.scalar(String(decoding: name, as: UTF8.self)) else {
            throw XMLFault()
        }
        return plain + Array(String(Character(scalar)).utf8)
    }

    private static func scalar(_ entity: String) -> Unicode.Scalar? {
        switch entity {
        case "amp": "&"
        case "lt": "<"
        case "gt": ">"
        case "quot": "\""
        case "apos": "'"
        case _ where entity.hasPrefix("#x"): UInt32(entity.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
        case _ where entity.hasPrefix("#"): UInt32(entity.dropFirst()).flatMap(Unicode.Scalar.init)
        default: nil
        }
    }

    private mutating func skip(_ mark: String) -> Bool {
        guard rest.starts(with: mark.utf8) else { return false }
        rest = rest.dropFirst(mark.utf8.count)
        return true
    }

    private mutating func take(until mark: String) -> ArraySlice<UInt8>? {
        guard let range = rest.firstRange(of: Array(mark.utf8)) else {
            rest = rest[rest.endIndex...]
            return nil
        }
        defer { rest = rest[range.upperBound...] }
        return rest[..<range.lowerBound]
    }
}
