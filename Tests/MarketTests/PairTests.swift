import Market
import Testing

@Suite("Pairs")
struct PairTests {
    @Test("are read in either case and written in one", arguments: ["BTC-USD", "btc-usd", "Btc-uSd"])
    func reading(text: String) throws {
        let pair = try Pair(text)
        #expect(pair.base == "BTC" && pair.quote == "USD" && pair.description == "BTC-USD")
        #expect(try Pair(base: "btc", quote: "USD") == pair)
    }

    @Test("may have digits, at the beginning too", arguments: ["1INCH-USDT", "0G-EUR", "USD1-USDT", "A-B"])
    func digits(text: String) throws { #expect(try Pair(text).description == text) }

    @Test(
        "are nothing else",
        arguments: [
            "", "-", "BTC", "BTC-", "-USD", "BTC-USD-SWAP", "BTC/USD", "BTC USD", "BTC-US.D", "ETH2.S-ETH", "ÄTH-USD", "币安-USDT", "ß-USD",
            "ABCDEFGHIJKLMNOPQRSTU-USD", "BTC--USD",
        ])
    func refusing(text: String) {
        let error = #expect(throws: PairError.self) { try Pair(text) }
        #expect(error?.description.hasSuffix("is not a pair such as BTC-USD") == true)
    }

    @Test("an error cuts long text short")
    func message() { #expect(PairError(text: String(repeating: "x", count: 1000)).text.count == 61) }

    @Test("are ordered by base, then quote")
    func order() throws {
        let sorted = try ["ETH-BTC", "BTC-USDT", "BTC-USD", "1INCH-USD"].map { try Pair($0) }.sorted().map(\.description)
        #expect(sorted == ["1INCH-USD", "BTC-USD", "BTC-USDT", "ETH-BTC"])
    }
}
