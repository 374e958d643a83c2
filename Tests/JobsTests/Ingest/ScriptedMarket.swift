import Curl
import Exchanges
import Foundation
import Jobs
import Market
import Synchronization
import TestSupport

/// A venue on real sockets that speaks Binance's API, with as many candles as anybody asks for, and faults at will.
final class ScriptedMarket: Sendable {
    typealias Fault = @Sendable (ScriptedServer.Request) -> ScriptedServer.Answer?

    private struct State {
        var fault: Fault = { _ in nil }
        /// Openings, in milliseconds, without a candle.
        var holes: Set<Int64> = []
        /// Seconds by which its clock is ahead of ours.
        var skew: Double = 0
        var delisted: Set<String> = []
        var rows: @Sendable (_ rows: [String]) -> [String] = { $0 }
    }

    private final class Box: Sendable { let state = Mutex(State()) }

    let server: ScriptedServer
    private let box = Box()

    init() throws {
        let box = box
        server = try ScriptedServer { request in
            let state = box.state.withLock { $0 }
            return state.fault(request) ?? Self.answer(request, state)
        }
    }

    var site: VenueSite { VenueSite(Binance.self, baseURL: server.url) }
    /// The same server under another venue's name.
    var elsewhere: VenueSite { VenueSite(Elsewhere.self, baseURL: server.url) }

    /// What is not answered as it should be; nil: as it should.
    func fault(_ fault: @escaping Fault) { box.state.withLock { $0.fault = fault } }
    /// The first question for candles is answered with this.
    func faultOnce(_ answer: ScriptedServer.Answer) {
        let left = Mutex(Optional(answer))
        fault { request in request.path == "/api/v3/klines" ? left.withLock { $0.take() } : nil }
    }
    func setHoles(_ holes: Set<Int64>) { box.state.withLock { $0.holes = holes } }
    func setSkew(_ seconds: Double) { box.state.withLock { $0.skew = seconds } }
    func delist(_ symbol: String) { _ = box.state.withLock { $0.delisted.insert(symbol) } }
    /// Changes the rows of every answer with candles.
    func edit(_ rows: @escaping @Sendable ([String]) -> [String]) { box.state.withLock { $0.rows = rows } }

    func requests(_ path: String) -> [ScriptedServer.Request] { server.requests.filter { $0.path == "/api/v3/\(path)" } }

    /// `from...to` of the questions for candles, in their order; one without an end reaches to the open candle.
    var ranges: [ClosedRange<Int64>] {
        requests("klines").compactMap { request in
            guard let from = request.query["startTime"].flatMap({ Int64($0) }) else { return nil }
            return from...(request.query["endTime"].flatMap { Int64($0) } ?? max(from, IngestFixture.minute(0)))
        }
    }

    private static func answer(_ request: ScriptedServer.Request, _ state: State) -> ScriptedServer.Answer {
        let now = Int64((Date().timeIntervalSince1970 + state.skew) * 1000)
        if let symbol = request.query["symbol"], state.delisted.contains(symbol) {
            return .json(#"{"code":-1121,"msg":"Invalid symbol."}"#, status: 400)
        }
        switch request.path {
        case "/api/v3/time": return .json("{\"serverTime\":\(now)}")
        case "/api/v3/klines": return .json("[\(state.rows(rows(request, state, now: now)).joined(separator: ","))]")
        case "/api/v3/depth": return .json(#"{"lastUpdateId":7,"bids":[["99.5","2"],["99","1"]],"asks":[["100.5","3"]]}"#)
        case "/api/v3/ticker/24hr":
            guard let symbol = request.query["symbol"] else { return .json("[\(ticker("BTCUSDT")),\(ticker("ETHUSDT"))]") }
            return .json(ticker(symbol))
        case "/api/v3/exchangeInfo": return .json(#"{"symbols":[]}"#)
        default: return .json("{}", status: 404)
        }
    }

    private static func rows(_ request: ScriptedServer.Request, _ state: State, now: Int64) -> [String] {
        guard let interval = request.query["interval"].flatMap(KlineInterval.init), let limit = request.query["limit"].flatMap({ Int($0) })
        else {
            return []
        }
        let end = min(request.query["endTime"].flatMap { Int64($0) } ?? now, now)
        let start = request.query["startTime"].flatMap { Int64($0) } ?? end - Int64(limit) * interval.milliseconds
        let openings = stride(
            from: interval.open(at: start + interval.milliseconds - 1), through: end, by: Int64.Stride(interval.milliseconds))
        return Array(openings).filter { !state.holes.contains($0) }.prefix(limit).map { row($0, interval) }
    }

    /// What a candle holds follows from its opening.
    static func row(_ open: Int64, _ interval: KlineInterval = .minute) -> String {
        let base = 100 + open / interval.milliseconds % 50
        return """
            [\(open),"\(base).5","\(base + 2).0","\(base).0","\(base + 1).25","3.0",\(open + interval.milliseconds - 1),"300.0",12,"1.5","150.0","0"]
            """
    }

    private static func ticker(_ symbol: String) -> String {
        """
        {"symbol":"\(symbol)","lastPrice":"100.5","bidPrice":"100","askPrice":"101","openPrice":"90","highPrice":"110","lowPrice":"80","volume":"5",\
        "quoteVolume":"500","openTime":1,"closeTime":1700000000000,"count":3}
        """
    }
}

/// A second venue that speaks as Binance does.
enum Elsewhere: BinanceSpeaker {
    static let name = "elsewhere"
    static let offer = Binance.offer
}

/// A third one, of which eight things can be asked, and then for a long time nothing.
enum Tight: BinanceSpeaker {
    static let name = "tight"
    static let offer = VenueOffer(
        intervals: [.minute], candlesPerPage: 1000, rateLimit: RateLimit(perSecond: 0.001, burst: 8),
        weight: { $0 == .tickers(nil) ? 1000 : 1 })
}

protocol BinanceSpeaker: Venue {}

extension BinanceSpeaker {
    static var publicURL: String { "http://127.0.0.1:9" }
    static func symbol(of pair: Pair) -> String { Binance.symbol(of: pair) }
    static func pair(of symbol: String) -> Pair? { Binance.pair(of: symbol) }
    static func request(_ question: VenueQuestion, baseURL: String) -> Request? { Binance.request(question, baseURL: baseURL) }
    static func refusal(_ response: Response) -> VenueRefusal? { Binance.refusal(response) }
    static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle> {
        try Binance.candles(body, of: pair, interval: interval)
    }
    static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth { try Binance.depth(body, of: pair) }
    static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker> { try Binance.tickers(body, of: pair) }
    static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade> { try Binance.trades(body) }
    static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing> { try Binance.markets(body) }
    static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 { try Binance.time(body) }
}
