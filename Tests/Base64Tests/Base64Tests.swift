import Base64
import FoundationEssentials
import Testing

@Suite struct Base64Tests {
    private func decode(_ text: String) -> [UInt8]? { Array(text.utf8).withUnsafeBytes(Base64.decode) }

    @Test("decodes every length as Foundation encodes it, across its blocks")
    func everyLength() {
        var random = SystemRandomNumberGenerator()
        for length in Array(0...200) + [3069, 3070, 3071, 3072, 3073, 3075, 6144, 6145, 100_001] {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(decode(Data(bytes).base64EncodedString()) == bytes, "\(length) bytes")
        }
    }

    @Test(
        "the vectors of RFC 4648",
        arguments: [
            ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"), ("Zm9vYmFy", "foobar"),
        ])
    func vectors(text: String, plain: String) {
        #expect(decode(text) == Array(plain.utf8))
    }

    @Test(
        "refuses what is not strict base64",
        arguments: [
            "Z", "Zg", "Zg=", "Zg===", "====", "Z===", "Zg=g", "=Zg=", "Zh==", "Zm9=", "Zm9v\n", "Zm9v Zm9v", "Zm-v", "Zm_v",
            "Zm9vZg==Zm9v", "Zmé=",
        ])
    func refuses(text: String) {
        #expect(decode(text) == nil)
    }

    @Test("every byte that is not of the alphabet is found, wherever it stands")
    func everyByte() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for byte in UInt8.min...UInt8.max {
            for place in [0, 17, 31, 32, 4095, 4096, 5000, 8160, 8187] {
                var text = [UInt8](repeating: UInt8(ascii: "A"), count: 8192)
                text[place] = byte
                #expect((text.withUnsafeBytes(Base64.decode) != nil) == alphabet.contains(byte), "byte \(byte) at \(place)")
            }
        }
    }
}
