import HTTP
import Testing

@Suite struct QueryTests {
    @Test(
        "decodes names and values, with + for a space and UTF-8 from escapes",
        arguments: [
            ("product=BTC-USD", ["product=BTC-USD"]), ("", []), ("a=1&b=2&a=3", ["a=1", "b=2", "a=3"]), ("a", ["a="]), ("a=b=c", ["a=b=c"]),
            ("q=a+b%20c%2B", ["q=a b c+"]), ("n=%E2%82%BF", ["n=₿"]), ("&&a=1&", ["a=1"]), ("%61=%41", ["a=A"]),
        ])
    func decodes(text: String, pairs: [String]) throws {
        #expect(try Query(text[...]).pairs.map { "\($0.name)=\($0.value)" } == pairs)
    }

    @Test(
        "refuses what cannot be decoded, and says what it was",
        arguments: [
            ("product=%", "parameter \"product\" holds a % that two hexadecimal digits do not follow"),
            ("product=%4", "parameter \"product\" holds a % that two hexadecimal digits do not follow"),
            ("product=%zz", "parameter \"product\" holds a % that two hexadecimal digits do not follow"),
            ("%ff=1", "a parameter's name is not UTF-8 once decoded"),
            ("product=%C0%AF", "parameter \"product\" is not UTF-8 once decoded"),
            ("product=%ED%A0%80", "parameter \"product\" is not UTF-8 once decoded"),
            ("product=a%00b", "parameter \"product\" holds a NUL character"),
        ])
    func refuses(text: String, detail: String) throws {
        let problem = #expect(throws: Problem.self) { try Query(text[...]) }
        #expect(problem?.detail == detail)
        #expect(problem?.code.status == .badRequest)
    }

    @Test("a query one byte too long is a 414, one parameter too many a 400")
    func limits() throws {
        let limits = Query.Limits(bytes: 10, parameters: 2)
        #expect(try Query("a=12345678", limits: limits).pairs.count == 1)
        #expect(throws: Problem.self) { try Query("a=123456789", limits: limits) }
        let long = #expect(throws: Problem.self) { try Query("a=123456789", limits: limits) }
        #expect(long?.code.status == .uriTooLong)
        let many = #expect(throws: Problem.self) { try Query("a&b&c", limits: limits) }
        #expect(many?.code.status == .badRequest)
    }

    @Test("a required parameter names what it accepts, and twice the same is refused")
    func required() throws {
        #expect(try Query("product=BTC-USD").required("product", accepts: "a product") == "BTC-USD")
        let absent = #expect(throws: Problem.self) { try Query("x=1").required("product", accepts: "a product, such as BTC-USD") }
        #expect(absent?.detail == "parameter \"product\" is required; it accepts a product, such as BTC-USD")
        #expect(absent?.parameter == "product")
        let twice = #expect(throws: Problem.self) { try Query("a=1&a=1").first("a") }
        #expect(twice?.detail == "parameter \"a\" was given more than once")
    }

    private enum Side: String, CaseIterable { case buy, sell }

    @Test("a choice and an integer accept only what they name")
    func typed() throws {
        #expect(try Query("side=sell").required("side", oneOf: Side.self) == .sell)
        let wrong = #expect(throws: Problem.self) { try Query("side=Sell").required("side", oneOf: Side.self) }
        #expect(wrong?.detail == "parameter \"side\" accepts buy, sell")
        #expect(try Query("n=7").integer("n", default: 3, in: 1...9) == 7)
        #expect(try Query("").integer("n", default: 3, in: 1...9) == 3)
        for text in ["n=0", "n=10", "n=1.5", "n=", "n=99999999999999999999"] {
            #expect(throws: Problem.self) { try Query(text[...]).integer("n", default: 3, in: 1...9) }
        }
    }
}
