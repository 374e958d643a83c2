import FoundationEssentials
import Market
import Testing

@Suite("Decimal text")
struct DecimalTextTests {
    @Test(
        "Plain numbers are read exactly and printed back as short as they can be",
        arguments: [
            ("0", "0"), ("-0", "0"), ("0.000", "0"), ("7", "7"), ("-7", "-7"), ("1.500", "1.5"), ("100", "100"), ("1000000", "1000000"),
            ("0.00000005", "0.00000005"), ("34704.721865", "34704.721865"), ("2000.000000", "2000"), ("100.0010", "100.001"),
            ("18446744073709551616", "18446744073709551616"),
            ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"), ("-0.25", "-0.25"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
        ])
    func plain(text: String, printed: String) throws {
        #expect(try Decimal(strict: text).plainText == printed)
        #expect(try Decimal(strict: text) == Decimal(string: text))
    }

    @Test(
        "What only starts like a number is refused",
        arguments: [
            "", " ", "1 ", " 1", "+1", "-", ".5", "1.", "1.2abc", "1,5", "01", "-00", "1e5", "NaN", "nan", "inf", "0x10", "1_000", "١",
            "1.2.3", "--1", "999999999999999999999999999999999999999", "1.00000000000000000000000000000000000001",
            String(repeating: "0", count: 81),
        ])
    func refused(text: String) {
        #expect(throws: DecimalTextError.self) { try Decimal(strict: text) }
    }

    @Test(
        "An exponent is read only where the grammar allows it",
        arguments: [("1e-7", "0.0000001"), ("2.50E+3", "2500"), ("0e5", "0"), ("-1e0", "-1")])
    func exponents(text: String, printed: String) throws {
        #expect(try Decimal(strict: text, allowingExponent: true).plainText == printed)
        #expect(throws: DecimalTextError.self) { try Decimal(strict: text) }
    }

    @Test(
        "An exponent beyond the range, or without digits, is refused",
        arguments: ["1e200", "1e-200", "1e41", "0.1e-40", "1e", "1e+", "1e1234", "e5", "1e5x"])
    func wideExponents(text: String) {
        #expect(throws: DecimalTextError.self) { try Decimal(strict: text, allowingExponent: true) }
    }

    @Test("The error cuts long text short")
    func message() {
        let error = #expect(throws: DecimalTextError.self) { try Decimal(strict: String(repeating: "x", count: 10_000)) }
        #expect(error?.description.utf8.count ?? 1_000 < 200)
    }

    @Test("Results of arithmetic print without an exponent or zeros at the end")
    func results() throws {
        #expect((try Decimal(strict: "2.5") * 4).plainText == "10")
        #expect((try Decimal(strict: "1.25") + Decimal(strict: "0.75")).plainText == "2")
        #expect(Decimal(sign: .plus, exponent: -3, significand: 1500).plainText == "1.5")
        #expect(Decimal(sign: .plus, exponent: 20, significand: 1).plainText == "100000000000000000000")
    }

    @Test("Random decimals survive the way through text, and become the nearest double")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let whole = random.next() >> random.next(upperBound: UInt64(60))
            let fraction = random.next() >> random.next(upperBound: UInt64(60))
            let text = "\(whole).\(String(fraction).prefix(18))"
            let decimal = try Decimal(strict: text)
            #expect(try Decimal(strict: decimal.plainText) == decimal)
            #expect(decimal.nearestDouble == Double(text))
        }
    }
}
