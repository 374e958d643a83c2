import HTTP
import Testing

@Suite struct ValuesTests {
    @Test("a value cannot add a header")
    func injection() {
        var headers: Headers = ["A": "x\r\nSet-Cookie: y"]
        #expect(headers["a"] == "x  Set-Cookie: y")
        headers["a"] = "z\0"
        #expect(headers.fields.map { "\($0.name): \($0.value)" } == ["a: z "])
    }

    @Test("names compare without case, and lists grow")
    func names() {
        var headers: Headers = ["Content-Type": "a", "x": "1"]
        headers.append("X", "2")
        #expect(headers["CONTENT-TYPE"] == "a")
        #expect(headers["X"] == "1")
        headers.add("b", to: "vary")
        headers.add("c", to: "Vary")
        #expect(headers["Vary"] == "b, c")
        headers["x"] = nil
        #expect(headers["X"] == nil)
    }

    @Test("a body's pieces are sent in order and counted in bytes, until the receiver has gone")
    func pieces() {
        let body = Body.parts(["é", [1, 2] as [UInt8], ""])
        #expect(body.count == 4)
        #expect(body.contents == [0xc3, 0xa9, 1, 2])
        var calls = 0
        let all = body.forEachPiece { _ in
            calls += 1
            return calls < 2
        }
        #expect(!all)
        #expect(calls == 2)
    }

    @Test("JSON strings escape what they must")
    func quoted() {
        #expect(JSONText.quoted("a\"b\\c\n\u{1}é\u{1F}") == "\"a\\\"b\\\\c\\n\\u0001é\\u001f\"")
    }

    @Test("finds a byte that needs an escape wherever it stands", arguments: [0x22, 0x5c, 0x0a, 0x00, 0x1f] as [UInt8])
    func escapes(byte: UInt8) {
        var bytes = [UInt8](repeating: UInt8(ascii: "A"), count: 10_000)
        #expect(bytes.withUnsafeBytes(JSONText.needsNoEscape))
        for index in [0, 1, 4095, 4096, 9_999] {
            bytes[index] = byte
            #expect(!bytes.withUnsafeBytes(JSONText.needsNoEscape))
            bytes[index] = 0xc3
            #expect(bytes.withUnsafeBytes(JSONText.needsNoEscape))
        }
    }

    @Test("a problem tells the client the parameter and keeps the cause for the log")
    func problem() throws {
        let problem = Problem(.invalid, "parameter \"p\" is odd", parameter: "p")
        let response = problem.response()
        #expect(
            String(decoding: response.body.contents, as: UTF8.self)
                == #"{"type":"about:blank","title":"Bad Request","status":400,"detail":"parameter \"p\" is odd","parameter":"p"}"# + "\n")
        #expect(response.headers["Cache-Control"] == "no-store")
        #expect(problem.description == "400 Bad Request: parameter \"p\" is odd")
    }
}
