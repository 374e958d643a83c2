/// JSON objects whose members are texts and whole numbers, on one line. Faster by far than a decoder that can do more.
enum FlatJSON {
    enum Value: Equatable {
        case text(String)
        case number(Int)
    }

    static func write(_ members: [(String, Value)]) -> String {
        var line = "{"
        for (index, (name, value)) in members.enumerated() {
            line += index == 0 ? "" : ","
            append(name, to: &line)
            line += ":"
            switch value {
            case .text(let text): append(text, to: &line)
            case .number(let number): line += String(number)
            }
        }
        return line + "}"
    }

    /// Throws at anything but one object; no name may stand in it twice.
    static func read(_ line: ArraySlice<UInt8>) throws(FlatJSONError) -> [String: Value] {
        var reader = Reader(rest: line)
        var members: [String: Value] = [:]
        try reader.expect("{")
        repeat {
            let name = try reader.text()
            try reader.expect(":")
            let value: Value = reader.next == UInt8(ascii: "\"") ? .text(try reader.text()) : .number(try reader.number())
            guard members.updateValue(value, forKey: name) == nil else { throw FlatJSONError(reason: "its envelope has two \(name)") }
        } while reader.skip(",")
        try reader.expect("}")
        guard reader.next == nil else { throw FlatJSONError(reason: "its envelope goes on after its end") }
        return members
    }

    private static func append(_ text: String, to line: inout String) {
        line += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                line += "\\"
                line.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\""
    }
}

/// Why a line is no envelope.
struct FlatJSONError: Error, Equatable, CustomStringConvertible {
    let reason: String

    var description: String { reason }
}

private struct Reader {
    var rest: ArraySlice<UInt8>

    var next: UInt8? { rest.first }

    mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: mark) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func expect(_ mark: Unicode.Scalar) throws(FlatJSONError) {
        guard skip(mark) else { throw FlatJSONError(reason: "its envelope is not the JSON that we write") }
    }

    mutating func number() throws(FlatJSONError) -> Int {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-") }
        rest = rest.dropFirst(digits.count)
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
            throw FlatJSONError(reason: "its envelope has a value that is neither text nor a whole number")
        }
        return number
    }

    mutating func text() throws(FlatJSONError) -> String {
        try expect("\"")
        var bytes: [UInt8] = []
        while true {
            let plain = rest.prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 >= 0x20 }
            bytes += plain
            rest = rest.dropFirst(plain.count)
            if skip("\"") { break }
            try expect("\\")
            bytes += try escaped()
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw FlatJSONError(reason: "its envelope is not UTF-8") }
        return text
    }

    /// What `FlatJSON` writes: a quote, a backslash, or a control character by its number.
    private mutating func escaped() throws(FlatJSONError) -> [UInt8] {
        for mark: Unicode.Scalar in ["\"", "\\"] where skip(mark) { return [UInt8(ascii: mark)] }
        try expect("u")
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        guard digits.count == 4, let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), code < 0x20 else {
            throw FlatJSONError(reason: "its envelope has an escape that we do not write")
        }
        return [code]
    }
}
