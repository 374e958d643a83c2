import Foundation
import Lake
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite("Books from bronze") struct BookTests {
    @Test("a level that cannot be read is set aside with its position, those beside it load, and no channel stops")
    func badLevel() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        let key = try fixture.put(
            .answer(
                #"{"asks":[["10","1"],["x","1"],["11","-1"],["12","2"]],"bids":[["9","1"],null,["8","3"]]}"#, symbol: "BTC-USDT",
                channel: "depth"))
        let counts = try fixture.transform()
        #expect(
            counts["rows_read"] == 7 && counts["rows_inserted"] == 4 && counts["rows_rejected"] == 3 && counts["channels_stopped"] == nil)
        #expect(
            try fixture.texts("SELECT bids::text || ' ' || asks::text FROM crypto_gaf.order_books") == [
                "[[9, 1], [8, 3]] [[10, 1], [12, 2]]"
            ])
        #expect(
            try fixture.texts(
                "SELECT position || ' ' || row_text FROM crypto_gaf.rejected_rows WHERE object_key = \(key) ORDER BY position")
                == ["1 null", #"4 ["x","1"]"#, "5 11 -1"])
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") == 0)
    }

    @Test("a book of which no side is an array of levels is of another shape")
    func otherShape() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        try fixture.put(.answer(#"{"bids":[{"price":"9"}],"asks":[{"price":"10"}]}"#, symbol: "BTC-USDT", channel: "depth"))
        #expect(try fixture.transform()["channels_stopped"] == 1)
    }

    @Test("of a whole book the thousand best levels a side are loaded, always the same")
    func wholeBook() throws {
        let fixture = try TransformFixture()
        func side(_ prices: some Sequence<Int>) -> String { prices.map { #"["\#($0)","1",1]"# }.joined(separator: ",") }
        let body = #"{"bids":[\#(side((1...3000).reversed()))],"asks":[\#(side(3001...5200))],"sequence":1}"#
        try fixture.put(.answer(body, symbol: "BTC-USD", channel: "depth", exchange: "coinbase"))
        for _ in 0..<2 {
            let counts = try fixture.transform()
            #expect(counts["rows_read"] == 2000 && counts["rows_rejected"] == 0)
            #expect(
                try fixture.texts(
                    "SELECT side || ' ' || count(*) || ' ' || min(price) || '-' || max(price) FROM crypto_gaf.fact_orderbook GROUP BY side ORDER BY 1"
                ) == ["ask 1000 3001-4000", "bid 1000 2001-3000"])
            try fixture.forget()
        }
    }
}
