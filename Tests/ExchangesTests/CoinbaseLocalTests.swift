import Curl
import Exchanges
import Foundation
import Market
import Testing

private let interval = """
    {"aggregation":10,"depth":2,"date":"2026-11-20T10:00:00.000Z","sequence":41,"midpoint":"100.5",
     "asks":[["101.7912360","2.50000001",3],["115","0",0]],"bids":[["100","1",1],["85.000","0.25",2]]}
    """
private let marketOrders = """
    {"sequence":42,"buy":{"price":101.79123600000000000000000001,"size":1e-7,"numOrders":2},"sell":{"price":0,"size":0.0,"numOrders":0}}
    """

private func decimal(_ text: String) throws -> Decimal { try Decimal(strict: text) }

private func read(_ answers: [Response], since: Int64? = 40, aggregation: Decimal = 10, depth: Int = 2) -> Dialogue<BookReading> {
    let query = BookQuery(symbol: "BTC-USD", aggregation: aggregation, depth: depth, since: since)
    return Dialogue(CoinbaseLocal(baseURL: "http://local:4201/").reading(query), answers)
}

@Suite("coinbase-local")
struct CoinbaseLocalTests {
    @Test("asks for the interval, then for the market orders since the last trade, and keeps every digit")
    func reading() throws {
        let dialogue = read([Response(interval), Response(marketOrders, [Header("x-source", "REPLAY")])])
        #expect(
            dialogue.urls == [
                "http://local:4201/api/orderBook/interval?product=BTC-USD&aggregation=10&depth=2",
                "http://local:4201/api/orderBook/marketOrders?product=BTC-USD&since=40",
            ])
        let book = BookSnapshot(
            midpoint: try decimal("100.5"),
            asks: [
                PriceLevel(price: try decimal("101.791236"), size: try decimal("2.50000001"), orders: 3),
                PriceLevel(price: 115, size: 0, orders: 0),
            ],
            bids: [PriceLevel(price: 100, size: 1, orders: 1), PriceLevel(price: 85, size: try decimal("0.25"), orders: 2)])
        let flow = TakerFlow(
            sequence: 42,
            buy: TakerVolume(
                price: try decimal("101.79123600000000000000000001"), size: try decimal("0.0000001"), orders: 2),
            sell: .none)
        #expect(dialogue.outcome == BookReading(book: book, flow: flow, source: "REPLAY"))
    }

    @Test("a product without a last trade asks without since, and the answer is live unless it says otherwise")
    func fresh() {
        let dialogue = read([Response(interval), Response(marketOrders)], since: nil)
        #expect(dialogue.urls.last == "http://local:4201/api/orderBook/marketOrders?product=BTC-USD")
        #expect(dialogue.outcome?.source == "LIVE")
        #expect(dialogue.outcome?.flow.sequence == 42)
    }

    @Test("a sequence that jumped back is a gap: the new one is adopted, its trades are not counted")
    func jumpedBack() {
        let reading = read([Response(interval), Response(marketOrders)], since: 43).outcome
        #expect(reading?.flow == TakerFlow(sequence: 42, buy: .none, sell: .none))
        #expect(reading?.gap == TradeGap(since: 43, sequence: 42, cause: .jumpedBack))
        #expect(reading?.gap?.description == "the trade sequence jumped back from 43 to 42")
    }

    @Test("a venue that no longer has all the trades says so, and what it has counts")
    func missing() {
        let reading = read([Response(interval), Response(marketOrders, [Header("x-missing-through", "41")])]).outcome
        #expect(reading?.gap == TradeGap(since: 40, sequence: 42, cause: .missing(nil)))
        #expect(reading?.flow.buy.orders == 2)
        #expect(reading?.gap?.description == "some trades between 40 and 42 are missing at the venue")
    }

    @Test(
        "an interval that cannot be is refused",
        arguments: [
            ("<html>502</html>", VenueError.Code.malformed), ("", .malformed), ("[]", .malformed), ("{}", .malformed), ("null", .malformed),
            (String(interval.prefix(150)), .malformed), (interval + "}", .malformed),
            (interval.replacing("\"2.50000001\"", with: "\"NaN\""), .malformed),
            (interval.replacing("\"2.50000001\"", with: "NaN"), .malformed),
            (interval.replacing("\"2.50000001\"", with: "\"-1\""), .malformed),
            (interval.replacing("\"2.50000001\"", with: "\"1,5\""), .malformed),
            (interval.replacing("\"2.50000001\"", with: "null"), .malformed),
            (interval.replacing(",3]", with: ",-3]"), .malformed), (interval.replacing(",3]", with: "]"), .malformed),
            (interval.replacing(",3]", with: ",3,4]"), .malformed), (interval.replacing(",3]", with: ",3.5]"), .malformed),
            (interval.replacing("\"sequence\":41", with: "\"sequence\":\"41\""), .malformed),
            (interval.replacing("\"sequence\":41,", with: ""), .malformed),
            (interval.replacing("\"aggregation\":10", with: "\"aggregation\":\"5\""), .malformed),
            (interval.replacing("\"midpoint\":\"100.5\"", with: "\"midpoint\":\"99\""), .malformed),
            (interval.replacing("[\"115\",\"0\",0]", with: "[\"99\",\"0\",0]"), .malformed),
            (interval.replacing(",[\"115\",\"0\",0]", with: ""), .malformed),
            (interval.replacing("\"100\"", with: "\"102\""), .crossed), (interval.replacing("\"2.50000001\"", with: "\"0\""), .emptySide),
            (interval.replacing("[[\"100\",\"1\",1],[\"85.000\",\"0.25\",2]]", with: "[]"), .emptySide),
        ])
    func badInterval(body: String, code: VenueError.Code) {
        let dialogue = read([Response(body), Response(marketOrders)])
        #expect(dialogue.error?.code == code, "\(dialogue.outcome.map { "\($0)" } ?? "")")
        #expect(dialogue.error?.isRetryable == true)
        #expect(dialogue.urls.count == 1)
    }

    @Test(
        "market orders that cannot be are refused",
        arguments: [
            "<html>", "{}", #"{"sequence":42}"#, marketOrders.replacing("1e-7", with: "-1"), marketOrders.replacing("1e-7", with: "0"),
            marketOrders.replacing("1e-7", with: "null"), marketOrders.replacing("\"numOrders\":2", with: "\"numOrders\":0"),
            marketOrders.replacing("\"sequence\":42", with: "\"sequence\":42.5"),
            marketOrders.replacing("\"sequence\":42", with: "\"sequence\":92233720368547758070"),
            marketOrders.replacing("\"sequence\":42", with: "\"sequence\":9223372036854775807"),
        ])
    func badMarketOrders(body: String) {
        #expect(read([Response(interval), Response(body)]).error?.code == .malformed)
    }

    @Test("an empty bucket may lie below zero: the width is larger than the price")
    func wideBuckets() {
        let body = interval.replacing("[\"85.000\",\"0.25\",2]", with: "[\"-5\",\"0\",0]")
        #expect(read([Response(body), Response(marketOrders)]).outcome?.book.bids.last == PriceLevel(price: -5, size: 0, orders: 0))
    }

    @Test("raw levels may be fewer than the depth")
    func rawLevels() {
        let body = interval.replacing("\"aggregation\":10", with: "\"aggregation\":0")
        #expect(read([Response(body), Response(marketOrders)], aggregation: 0, depth: 5).outcome?.book.asks.count == 2)
    }

    @Test("a status is an error that says whether asking again helps")
    func statuses() {
        func error(_ status: Int, _ headers: [Header] = []) -> VenueError? { read([Response("no", status: status, headers)]).error }
        #expect(error(429, [Header("retry-after", "7")])?.code == .rateLimited)
        #expect(error(429, [Header("retry-after", "7")])?.retryAfter == .seconds(7))
        #expect(error(503)?.code == .down && error(503)?.isRetryable == true)
        #expect(error(404)?.code == .unknownSymbol && error(404)?.isRetryable == false)
        #expect(error(400)?.code == .rejected && error(302)?.code == .denied)
        #expect(error(500)?.description == "coinbase-local BTC-USD: status 500: no (http://venue/x)")
    }
}
