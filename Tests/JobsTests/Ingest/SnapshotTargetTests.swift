import Exchanges
import Lake
import Market
import Testing
import Warehouse

@testable import Jobs

/// How tickers are asked for.
@Suite struct SnapshotTargetTests {
    private func asked(_ venue: any Venue.Type, _ markets: String...) throws -> [String] {
        SnapshotTarget.tickers(VenueSite(venue), try markets.map { try Pair($0) }).map(\.key.symbol)
    }

    @Test("of all markets in one answer, and by name of those that nobody would know in it")
    func byName() throws {
        #expect(try asked(Gemini.self, "BTC-USD", "PAXG-USD") == [RawObject.allSymbols])
        #expect(
            try asked(Gemini.self, "BTC-USD", "FOOG-USD", "ETH-USD", "BTC-NEWCOIN") == [RawObject.allSymbols, "FOOG-USD", "BTC-NEWCOIN"])
        #expect(try asked(Gemini.self, "BTC-USD", "FOOG-USD") == ["BTC-USD", "FOOG-USD"])
        #expect(try asked(Gate.self, "BTC-NEWCOIN", "FOOG-USD") == [RawObject.allSymbols])
    }
}
