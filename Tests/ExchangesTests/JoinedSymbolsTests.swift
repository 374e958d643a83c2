import Market
import Testing

@testable import Exchanges

@Suite("Symbols without a separator")
struct JoinedSymbolsTests {
    private let symbols = JoinedSymbols(quotes: ["FDUSD", "USDT", "BTC", "USD", "GUSD", "EUR", "AEUR"])

    private func pairs(_ symbol: String) -> [String] { symbols.pairs(of: symbol).map(\.description).sorted() }

    @Test("end in a quote that leaves a base")
    func plain() {
        #expect(pairs("BTCUSDT") == ["BTC-USDT"] && pairs("wbtcbtc") == ["WBTC-BTC"] && pairs("USDTUSD") == ["USDT-USD"])
        #expect(pairs("USDT") == [] && pairs("ETHTRY") == [] && pairs("币安USDT") == [] && pairs("") == [])
    }

    @Test("of which two quotes end them are split where the assets are known")
    func known() {
        #expect(pairs("BTCFDUSD") == ["BTC-FDUSD"] && pairs("ADAEUR") == ["ADA-EUR"] && pairs("BTCAEUR") == ["BTC-AEUR"])
        #expect(pairs("PAXGUSD") == ["PAXG-USD"] && pairs("USDGUSD") == ["USDG-USD"] && pairs("ETHGUSD") == ["ETH-GUSD"])
    }

    @Test("are split nowhere where they are not")
    func unknown() {
        #expect(pairs("FOOGUSD") == ["FOO-GUSD", "FOOG-USD"] && symbols.pair(of: "FOOGUSD") == nil)
        #expect(symbols.pair(of: "ADAEUR")?.description == "ADA-EUR" && symbols.pair(of: "X") == nil)
    }
}
