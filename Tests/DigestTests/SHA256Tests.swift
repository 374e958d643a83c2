import Digest
import TestSupport
import Testing

@Suite("SHA-256")
struct SHA256Tests {
    @Test("the digests of FIPS 180-4's examples")
    func examples() {
        #expect(SHA256.hash(Array("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.hash([]).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            SHA256.hash(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)).hex
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    @Test("messages of all lengths about a block agree with coreutils")
    func lengths() throws {
        let messages = (0..<200).map { length in (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ length) } }
        #expect(messages.map { SHA256.hash($0).hex } == (try sha256(messages)))
        #expect(Set(messages.map { SHA256.hash($0) }).count == 200)
        #expect(SHA256.hash([1]).bytes.count == 32)
    }
}
