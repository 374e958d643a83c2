import Market
import Testing

@testable import Exchanges

/// Where the line is between rows that are bad and an API that has changed.
@Suite("Answers of a changed shape")
struct ChangedShapeTests {
    private let ticker = #"{"symbol":"ETHBTC","lastPrice":"0.05","volume":"1"}"#
    private var renamed: String { ticker.replacing("lastPrice", with: "latest") }

    private func binance(_ text: String) throws(AnswerError) -> ParsedRows<Ticker> { try Binance.tickers(Array(text.utf8), of: nil) }

    private func kraken(_ result: String) throws(AnswerError) -> ParsedRows<Ticker> {
        try Kraken.tickers(Array(#"{"error":[],"result":\#(result)}"#.utf8), of: nil)
    }

    private func isChangedShape(_ error: any Error) -> Bool { (error as? AnswerError)?.fault == .changedShape }

    @Test("a field that every row has lost is one, and the first row's fault is told")
    func renamedField() {
        #expect { try binance("[\(renamed),\(renamed)]") } throws: { isChangedShape($0) && "\($0)".contains("lastPrice is missing") }
        let row = #"{"a":["3"],"b":["2"],"last":["2.5"]}"#
        #expect { try kraken(#"{"ETH/EUR":\#(row),"BTC/EUR":\#(row)}"#) } throws: { isChangedShape($0) }
    }

    @Test("a single row is a bad row, and so are rows beside a good one, one of nothing, or one that nobody asked for")
    func badRows() throws {
        #expect(try binance("[\(renamed)]").rejected.map(\.position) == [0])
        #expect(try binance("[\(renamed),\(ticker),\(renamed)]").rejected.map(\.position) == [0, 2])
        #expect(try binance("[\(renamed),null]").rejected.map(\.position) == [0, 1])
        #expect(try binance("[\(renamed),\(ticker.replacing("ETHBTC", with: "NOPE")),\(renamed)]").rejected.map(\.position) == [0, 2])
        #expect(try kraken(#"{"ETH/EUR":{"a":["3"]}}"#).rejected.map(\.position) == [0])
        #expect(try binance("[]").rows.isEmpty)
    }

    @Test("a book's two sides are one answer: one bad side is bad levels, two are another shape")
    func books() throws {
        let bad = #"[["1",{}],["2",{}]]"#
        func depth(_ bids: String, _ asks: String) throws(AnswerError) -> Depth {
            try Binance.depth(Array(#"{"lastUpdateId":1,"bids":\#(bids),"asks":\#(asks)}"#.utf8), of: pair("BTC-USDT"))
        }
        let book = try depth(bad, #"[["3","1"]]"#)
        #expect(book.bids.isEmpty && book.asks.count == 1 && book.rejected.map(\.position) == [0, 1])
        #expect { try depth(bad, "[]") } throws: { isChangedShape($0) }
        #expect { try depth(#"[["1",{}]]"#, #"[["2",{}]]"#) } throws: { isChangedShape($0) }
        #expect(try depth("[]", #"[["2",{}]]"#).rejected.count == 1 && depth("[]", "[]").rejected.isEmpty)
    }

    @Test("members of an object have a shape like elements of an array", arguments: ["1", "\"x\"", "[]"])
    func namedRows(row: String) {
        #expect { try kraken(#"{"ETH/EUR":\#(row)}"#) } throws: { isChangedShape($0) }
        #expect { try Kraken.markets(Array(#"{"error":[],"result":{"ETHEUR":\#(row)}}"#.utf8)) } throws: { isChangedShape($0) }
    }

    @Test("all tickers come in an array, and only one that was asked for may come without")
    func bareObject() throws {
        #expect { try binance(ticker) } throws: { isChangedShape($0) }
        #expect(try Binance.tickers(Array(ticker.utf8), of: pair("ETH-BTC")).values.count == 1)
        let bitstamp = #"{"timestamp":"1643640186","last":"2.5","bid":"2.4","ask":"2.6","volume":"7","pair":"ETH/EUR"}"#
        #expect { try Bitstamp.tickers(Array(bitstamp.utf8), of: nil) } throws: { isChangedShape($0) }
        let kuCoin = #"{"code":"200000","data":{"symbol":"BTC-USDT","buy":"1","sell":"2","vol":"3","last":"1.5"}}"#
        #expect { try KuCoin.tickers(Array(kuCoin.utf8), of: nil) } throws: { isChangedShape($0) }
    }
}
