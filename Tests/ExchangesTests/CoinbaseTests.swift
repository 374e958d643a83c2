import Curl
import Exchanges
import Foundation
import Market
import TestSupport
import Testing

private let book = """
    {"bids":[["99.5","1",1],["99.4","3",2],["80","1",1]],"asks":[["100.5","2",1],["101","1",1],["500","1",1]],"sequence":9,
     "auction_mode":false,"auction":null,"time":"2026-09-02T07:01:32.1Z"}
    """

private func trades(_ ids: some Sequence<Int>, side: String = "buy") -> String {
    let rows = ids.map { #"{"trade_id":\#($0),"side":"\#(side)","size":"0.5","price":"100.00000000","time":"2026-06-19T16:43:33.7Z"}"# }
    return "[" + rows.joined(separator: ",") + "]"
}

private func read(_ answers: [Response], since: Int64? = 100, aggregation: Decimal = 1, depth: Int = 2) -> Dialogue<BookReading> {
    let query = BookQuery(symbol: "BTC-USD", aggregation: aggregation, depth: depth, since: since)
    return Dialogue(Coinbase(baseURL: "https://x").reading(query), answers)
}

private func volume(_ orders: Int) -> TakerVolume { TakerVolume(price: 100, size: Decimal(orders) / 2, orders: orders) }

@Suite("Coinbase Exchange")
struct CoinbaseTests {
    @Test("the whole book becomes buckets, and the maker's side the taker's opposite")
    func reading() {
        let dialogue = read([Response(book), Response(trades([102, 101, 100]))])
        #expect(
            dialogue.urls == [
                "https://x/products/BTC-USD/book?level=2", "https://x/products/BTC-USD/trades?limit=100",
            ])
        let asks = [
            PriceLevel(price: Decimal(string: "100.6666666666666666666666667")!, size: 3, orders: 2),
            PriceLevel(price: Decimal(string: "101.5")!, size: 0, orders: 0),
        ]
        let bids = [
            PriceLevel(price: Decimal(string: "99.425")!, size: 4, orders: 3),
            PriceLevel(price: Decimal(string: "98.5")!, size: 0, orders: 0),
        ]
        #expect(dialogue.outcome?.book == BookSnapshot(midpoint: 100, asks: asks, bids: bids))
        #expect(dialogue.outcome?.flow == TakerFlow(sequence: 102, buy: .none, sell: volume(2)))
        #expect(dialogue.outcome?.gap == nil && dialogue.outcome?.source == "LIVE")
    }

    @Test("pages back to the last trade seen, with the venue's cursor")
    func paging() {
        let dialogue = read([
            Response(book), Response(trades([107, 106]), [Header("cb-after", "106")]),
            Response(trades([105, 104, 103]), [Header("cb-after", "103")]), Response(trades([102, 101, 100, 99], side: "sell")),
        ])
        #expect(
            dialogue.urls.dropFirst(2) == [
                "https://x/products/BTC-USD/trades?limit=1000&after=106", "https://x/products/BTC-USD/trades?limit=1000&after=103",
            ])
        #expect(dialogue.outcome?.flow == TakerFlow(sequence: 107, buy: volume(2), sell: volume(5)))
        #expect(dialogue.outcome?.gap == nil)
    }

    @Test("a fresh product adopts the newest trade and counts none")
    func fresh() {
        let dialogue = read([Response(book), Response(trades([102]))], since: nil)
        #expect(dialogue.urls.last == "https://x/products/BTC-USD/trades?limit=1")
        #expect(dialogue.outcome?.flow == TakerFlow(sequence: 102, buy: .none, sell: .none) && dialogue.outcome?.gap == nil)
        #expect(read([Response(book), Response("[]")], since: nil).outcome?.flow.sequence == 0)
    }

    @Test("no new trade is no gap")
    func quiet() {
        let reading = read([Response(book), Response(trades([100, 99]))]).outcome
        #expect(reading?.flow == TakerFlow(sequence: 100, buy: .none, sell: .none) && reading?.gap == nil)
        #expect(read([Response(book), Response("[]")]).outcome?.flow.sequence == 100)
    }

    @Test("trades that the venue lacks, or that lie beyond the last page, are a gap of so many")
    func gaps() {
        let hole = read([Response(book), Response(trades([105, 104, 101, 100]))]).outcome
        #expect(hole?.gap == TradeGap(since: 100, sequence: 105, cause: .missing(2)))
        #expect(hole?.flow.sell == volume(3))
        let pages = (0..<20).map { page in Response(trades([1000 - 2 * page, 999 - 2 * page])) }
        let far = read([Response(book)] + pages)
        #expect(far.urls.count == 11, "ten pages of trades and no more")
        #expect(far.outcome?.gap == TradeGap(since: 100, sequence: 1000, cause: .missing(880)))
        #expect(far.outcome?.flow.sell.orders == 20)
        #expect(far.outcome?.gap?.description == "880 trades between 100 and 1000 are missing at the venue")
    }

    @Test("an older newest trade is a reset")
    func reset() {
        let reading = read([Response(book), Response(trades([7, 6]))]).outcome
        #expect(reading?.gap == TradeGap(since: 100, sequence: 7, cause: .jumpedBack))
        #expect(reading?.flow == TakerFlow(sequence: 7, buy: .none, sell: .none))
    }

    @Test(
        "a book that cannot be is refused",
        arguments: [
            (#"{"message":"NotFound"}"#, VenueError.Code.emptySide), ("<html>", .malformed), (String(book.dropLast(30)), .malformed),
            (book.replacing("\"99.5\"", with: "\"100.5\""), .crossed), (book.replacing("\"99.5\"", with: "\"nan\""), .malformed),
            (book.replacing("[\"100.5\",\"2\",1]", with: "[\"100.5\",\"-2\",1]"), .malformed),
            (book.replacing("[[\"100.5\",\"2\",1],[\"101\",\"1\",1],[\"500\",\"1\",1]]", with: "[]"), .emptySide),
            (book.replacing("[\"100.5\",\"2\",1],[\"101\",\"1\",1]", with: "[\"101\",\"1\",1],[\"100.5\",\"2\",1]"), .malformed),
        ])
    func badBook(body: String, code: VenueError.Code) {
        #expect(read([Response(body)]).error?.code == code)
    }

    @Test(
        "trades that cannot be are refused",
        arguments: [
            "{}", "[{}]", trades([1, 2]), trades([2, 2]), trades([2], side: "up"), trades([101]).replacing("0.5", with: "0"),
            trades([101]).replacing("101", with: "\"101\""), trades([101]).replacing("101", with: "9223372036854775807"),
        ])
    func badTrades(body: String) {
        #expect(read([Response(book), Response(body)]).error?.code == .malformed)
    }

    @Test("levels beyond the last bucket are only looked at: a book of 40,000 levels takes no time")
    func wholeBook() {
        let asks = (0..<20_000).map { #"["\#(100 + $0).01","1.5",2]"# }.joined(separator: ",")
        let bids = (1..<100).map { #"["\#(100 - $0).01","1.5",2]"# }.joined(separator: ",")
        let dialogue = read([Response("{\"bids\":[\(bids)],\"asks\":[\(asks)]}"), Response(trades([100]))])
        #expect(dialogue.outcome?.book.asks.map(\.size) == [1.5, 1.5])
    }

    @Test("the recorded answers of the venue are understood", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
    func recorded() throws {
        let files = ["book_level2_btcusd_20260902.trimmed30", "trades_btcusd_20260619"]
        let answers = try files.map { Response(status: 200, body: Array(try Shared.data("data/venues/coinbase/\($0).json"))) }
        let reading = try #require(read(answers, since: 1_040_406_588, aggregation: 10, depth: 3).outcome)
        #expect(reading.book.bids.map(\.orders).reduce(0, +) > 20)
        #expect(reading.book.bids[0].price < reading.book.midpoint && reading.book.midpoint < reading.book.asks[0].price)
        #expect(reading.flow.sequence == 1_040_406_590)
        #expect(reading.flow.buy == TakerVolume(price: try Decimal(strict: "63212.98"), size: try Decimal(strict: "0.00195786"), orders: 1))
        #expect(
            reading.flow.sell == TakerVolume(price: try Decimal(strict: "63212.97"), size: try Decimal(strict: "0.00003219"), orders: 1))
    }
}
