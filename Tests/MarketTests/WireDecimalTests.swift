import Foundation
import Market
import Testing

@Suite("Wire decimals")
struct WireDecimalTests {
    @Test(
        "are read exactly, whatever zeros and exponents they are written with",
        arguments: [
            ("0", "0"), ("-0", "0"), ("0.000", "0"), ("0e9", "0"), ("7", "7"), ("-7", "-7"), ("1.500", "1.5"), ("100", "100"),
            ("100.0", "100"), ("0.00000005", "0.00000005"), ("9741.95000000", "9741.95"), ("1e-7", "0.0000001"), ("2.50E+3", "2500"),
            ("100e-2", "1"), ("-12.5e-3", "-0.0125"), ("4.727521520000001", "4.727521520000001"),
            ("9999999999999999999", "9999999999999999999"), ("18446744073709551616", "18446744073709551616"),
            ("0.791786333333333333333333333333", "0.791786333333333333333333333333"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
            ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
            ("0.0000000000000000000000000000000000000001", "0.0000000000000000000000000000000000000001"),
            ("1.00000000000000000000000000000000000000000000000000", "1"),
        ])
    func reading(text: String, written: String) { #expect(WireDecimal(text)?.description == written) }

    @Test(
        "are nothing else than the grammar of a JSON number",
        arguments: [
            "", " ", "-", "+1", ".5", "1.", "01", "-01", "00", "1e", "1e+", "1e1234", "1.2.3", "--1", "1 ", " 1", "NaN", "Infinity", "0x10",
            "1,5", "1_0", "١", "1e5x", "1e100", "1e-100", "0.00000000000000000000000000000000000000001",
            "123456789012345678901234567890123456789", "1.00000000000000000000000000000000000001",
        ])
    func refusing(text: String) { #expect(WireDecimal(text) == nil) }

    @Test("are equal if their numbers are, and hash alike")
    func equality() throws {
        let same = try ["1.5", "1.50", "15e-1", "0.15E1"].map { try #require(WireDecimal($0)) }
        #expect(Set(same).count == 1)
        #expect(WireDecimal(significand: 1500, scale: 3) == same[0] && WireDecimal(significand: 15, scale: -2)?.description == "1500")
        #expect(WireDecimal(significand: 1, scale: -38) == nil && WireDecimal(significand: 1, scale: 41) == nil)
    }

    /// Of any length up to 30 digits, with zeros where they hurt.
    private func random(_ generator: inout SeededGenerator) -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            let zeros = Bool.random(using: &generator)
            return (0..<Int.random(in: range, using: &generator)).map { _ in
                zeros && Int.random(in: 0..<3, using: &generator) > 0 ? "0" : "\(Int.random(in: 0...9, using: &generator))"
            }.joined()
        }
        let whole = String(digits(1...15).drop { $0 == "0" })
        let fraction = digits(0...15)
        let sign = Int.random(in: 0..<4, using: &generator) == 0 ? "-" : ""
        return sign + (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
    }

    @Test("agree with Decimal in value, text and order")
    func properties() throws {
        var generator = SeededGenerator(seed: 20_260_902)
        var last = (WireDecimal.zero, Decimal.zero)
        for _ in 0..<20_000 {
            let text = random(&generator)
            let (wire, decimal) = (try #require(WireDecimal(text)), try Decimal(strict: text))
            #expect(wire.description == decimal.plainText, "\(text)")
            #expect((wire < last.0) == (decimal < last.1) && (last.0 < wire) == (last.1 < decimal), "\(text) \(last.0)")
            #expect((wire == last.0) == (decimal == last.1) && wire.isNegative == (decimal < 0) && wire.isZero == (decimal == 0))
            // Near neighbours and the same number with another scale, too.
            if generator.next() % 2 == 0 { last = (wire, decimal) }
        }
    }

    @Test("agree with Decimal on every short text of the alphabet, and never read past their end")
    func noise() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("0019.-+eE ")
        for _ in 0..<50_000 {
            let text = String((0..<Int.random(in: 0...7, using: &generator)).map { _ in alphabet.randomElement(using: &generator)! })
            let decimal = try? Decimal(strict: text, allowingExponent: true)
            // The two have different limits for what is far too large.
            if let decimal, decimal.exponent < 30 {
                #expect(WireDecimal(text)?.description == decimal.plainText, "\(text)")
            } else if decimal == nil, !text.lowercased().contains("e") {
                #expect(WireDecimal(text) == nil, "\(text)")
            }
        }
    }

    /// What stands at the beginning, and how many bytes it takes.
    private func scan(_ text: [UInt8]) -> (value: WireDecimal, length: Int)? {
        text.withUnsafeBufferPointer { bytes in
            var offset = 0
            return WireDecimal(scanning: bytes, from: &offset).map { ($0, offset) }
        }
    }

    @Test("are the same whatever follows them, and however far away the end is")
    func neighbours() {
        var generator = SeededGenerator(seed: 11)
        let alphabet = Array("00123456789.-e")
        let tails = [",", "\"", "]]", ",\"0.10000000\",7", "              ", "/:;<=>?@AZaz"].map { Array($0.utf8) }
        let strange: [UInt8] = [0x00, 0x2f, 0x3a, 0x7f, 0x80, 0x8a, 0xb0, 0xba, 0xff]
        for count in 0..<5_000 {
            let noise = (0..<Int.random(in: 1...12, using: &generator)).map { _ in alphabet.randomElement(using: &generator)! }
            let text = count % 2 == 0 ? random(&generator) : String(noise)
            let alone = WireDecimal(text)
            for tail in tails + strange.map({ [UInt8](repeating: $0, count: 8) }) {
                let whole = scan(Array(text.utf8) + tail).flatMap { $0.length == text.utf8.count ? $0.value : nil }
                if whole != alone { Issue.record("\(text) before \(tail)") }
            }
        }
    }

    @Test("are ordered where a common scale would not fit")
    func wideOrder() throws {
        let ordered = try [
            "-99999999999999999999999999999999999999", "-1", "-0.0000000000000000000000000000000000000001", "0",
            "0.0000000000000000000000000000000000000001", "0.1", "1", "1.1", "99999999999999999999999999999999999998",
            "99999999999999999999999999999999999999",
        ].map { try #require(WireDecimal($0)) }
        for (a, left) in ordered.enumerated() {
            for (b, right) in ordered.enumerated() { #expect((left < right) == (a < b), "\(left) \(right)") }
        }
    }

    @Test("are cut to whole units, and refused where these are too many")
    func units() {
        #expect(WireDecimal("1762795433.9717445")?.units(places: 6) == 1_762_795_433_971_744)
        #expect(WireDecimal("1545904567062140823")?.units(places: -3) == 1_545_904_567_062_140)
        #expect(WireDecimal("-1.9")?.units(places: 0) == -1 && WireDecimal("0.0009")?.units(places: 3) == 0)
        #expect(WireDecimal("9223372036854775807")?.units(places: 0) == .max)
        #expect(WireDecimal("9223372036854775808")?.units(places: 0) == nil && WireDecimal("1e30")?.units(places: 9) == nil)
        #expect(WireDecimal("0.0000000000000000000000000000000000000001")?.units(places: 40) == 1)
    }
}
