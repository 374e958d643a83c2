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

    @Test(
        "moments are read to the microsecond in every form",
        arguments: [
            ("1788328800", .seconds, 1_788_328_800_000_000), ("\"1788328800\"", .seconds, 1_788_328_800_000_000),
            ("1762795433.9717445", .seconds, 1_762_795_433_971_744), ("\"1548000000123.456\"", .milliseconds, 1_548_000_000_123_456),
            ("1545904567062140823", .nanoseconds, 1_545_904_567_062_140), ("\"2026-06-19T16:43:33Z\"", .iso, 1_781_887_413_000_000),
            ("\"2026-06-19T16:43:33.1Z\"", .iso, 1_781_887_413_100_000),
            ("\"2026-06-19T16:43:33.016274911Z\"", .iso, 1_781_887_413_016_274),
            ("\"2000-02-29T00:00:00Z\"", .iso, 951_782_400_000_000), ("\"1969-12-31T23:59:59.5Z\"", .iso, -500_000),
            ("\"1900-03-01T00:00:00Z\"", .iso, -2_203_891_200_000_000),
        ] as [(String, TimeForm, Int64)])
    func times(text: String, form: TimeForm, micros: Int64) throws {
        #expect(try reading(text) { reader throws(JSONError) in try reader.microseconds(form) } == micros)
    }

    @Test(
        "what is no moment is none",
        arguments: [
            ("\"2026-06-19 16:43:33Z\"", .iso), ("\"2026-06-19T16:43:33\"", .iso), ("\"2026-06-19T16:43:33.Z\"", .iso),
            ("\"2026-13-19T16:43:33Z\"", .iso), ("\"2026-06-19T24:00:00Z\"", .iso), ("\"2026-06-19T16:43:33+01:00\"", .iso), ("\"\"", .iso),
            ("\"2026-06-19T16:43:33.123456junkZ\"", .iso), ("\"2026-06-19T16:43:33.1234567x9Z\"", .iso),
            ("\"2026-02-29T16:43:33Z\"", .iso), ("\"2026-06-31T16:43:33Z\"", .iso), ("\"2026-06-00T16:43:33Z\"", .iso),
            ("\"2026-06-19T16:43:60Z\"", .iso), ("\"2026-06-19T16:43Z\"", .iso), ("\"2026-06-19Z\"", .iso),
            ("1788328800", .iso), ("\"now\"", .seconds), ("1e30", .seconds), ("null", .milliseconds),
        ] as [(String, TimeForm)])
    func noTimes(text: String, form: TimeForm) {
        #expect(throws: JSONError.self) { try reading(text) { reader throws(JSONError) in try reader.microseconds(form) } }
    }

    @Test("a code is found wherever it stands and however its name is escaped, and behind a success nothing is looked at")
    func codes() {
        func code(_ text: String) -> String? { ErrorBody(Array(text.utf8), code: "code", message: "msg", until: "0").code }
        #expect(code(#"{"data":[{"code":"7"}],"c\u006fde":50011,"msg":"words"}"#) == "50011")
        #expect(code(#"{"code":"0""#) == "0" && code(#"{"code":0,"then":garbage"#) == "0")
        for text in ["{}", "[]", #"{"kode":1}"#, #"{"code":null}"#, "<html>", ""] { #expect(code(text) == nil) }
    }
}
