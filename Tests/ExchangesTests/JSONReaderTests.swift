import Foundation
import Market
import Testing

@testable import Exchanges

@Suite("JSON reader")
struct JSONReaderTests {
    private func reading<R>(_ text: String, _ read: (inout JSONReader) throws(JSONError) -> R) throws(JSONError) -> R {
        try JSONReader.read(Array(text.utf8), read)
    }

    @Test(
        "a number keeps its digits, as a string or bare", arguments: ["0.791786333333333333333333333", "-12.5e-3", "1E2", "\"0.1\"", "0"])
    func decimals(text: String) throws {
        let expected = try Decimal(strict: text.replacing("\"", with: ""), allowingExponent: true)
        #expect(try reading(" \(text)\n") { reader throws(JSONError) in try reader.decimal() } == expected)
    }

    @Test(
        "what only looks like a number is none",
        arguments: ["01", "1.", ".5", "+1", "NaN", "Infinity", "1e", "--1", "0x10", "\"1 \"", "\"\"", "1 2"])
    func notDecimals(text: String) {
        #expect(throws: JSONError.self) { try reading(text) { reader throws(JSONError) in try reader.decimal() } }
    }

    @Test("escapes are undone, beyond the first plane too")
    func strings() throws {
        let text = #""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀""#
        #expect(try reading(text) { reader throws(JSONError) in try reader.string() } == "a\"\\/\u{8}\u{c}\n\r\té😀é😀")
        for bad in [#""\x""#, #""\u12""#, "\"", "\"\n\"", #""a\"#] {
            #expect(throws: JSONError.self) { try reading(bad) { reader throws(JSONError) in try reader.string() } }
        }
    }

    @Test(
        "skipping checks as much as reading",
        arguments: [
            ("{}", true), (#"{"a":[1,-2.5e3,true,false,null,"x",{}],"b":{"c":[]}}"#, true), ("[1,]", false), ("[1 2]", false),
            ("{a:1}", false),
            (#"{"a" 1}"#, false), (#"{"a":1,}"#, false), ("tru", false), ("", false), ("]", false), ("[", false), ("[01]", false),
            ("1 1", false),
            (String(repeating: "[", count: 40) + String(repeating: "]", count: 40), false), ("nul\0", false),
        ])
    func skip(text: String, isJSON: Bool) {
        let result = Result { try reading(text) { reader throws(JSONError) in try reader.skip() } }
        #expect(((try? result.get()) != nil) == isJSON)
    }

    @Test("noise never crashes it")
    func noise() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array(#"{}[]",:\0123456789.-+eEtrufalsn "#.utf8) + [0, 9, 10, 0xc3, 0xff]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0..<20, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            let offset = try? JSONReader.readStart(bytes) { reader throws(JSONError) in
                try reader.skip()
                return reader.offset
            }
            #expect(offset ?? 0 <= bytes.count)
        }
    }

    @Test("an error says where")
    func errors() {
        #expect(throws: JSONError(offset: 5, reason: "expected a whole number")) {
            try reading(#"{"a":1.5}"#) { reader throws(JSONError) in
                try reader.object { reader, _ throws(JSONError) in _ = try reader.integer() }
            }
        }
    }
}
