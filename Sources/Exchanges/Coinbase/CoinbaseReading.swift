import Curl
import Market

/// The book first, then trades from the newest back to the last one seen, page by page.
struct CoinbaseReading: Conversation {
    private let query: BookQuery
    private let baseURL: String
    private let subject: Subject
    private var book: BookSnapshot?
    private var trades: [Trade] = []
    private var pages = 0

    init(_ query: BookQuery, baseURL: String) {
        self.query = query
        self.baseURL = baseURL
        subject = Subject(venue: Coinbase.name, symbol: query.symbol)
    }

    mutating func begin() -> Request { Coinbase.bookRequest(query.symbol, baseURL: baseURL) }

    mutating func next(after response: Response) throws(VenueError) -> Step<BookReading> {
        try subject.requireSuccess(response)
        guard let book else {
            book = try snapshot(response)
            // Without a last trade only the newest one's number is of interest.
            return .ask(tradesRequest(limit: query.since == nil ? 1 : Coinbase.firstPage))
        }
        let page = try tradesPage(response)
        trades += page
        pages += 1
        if let since = query.since, let oldest = page.last?.sequence, oldest - 1 > since, pages < Coinbase.pagesLimit {
            return .ask(tradesRequest(limit: Coinbase.pageLimit, after: response["cb-after"] ?? "\(oldest)"))
        }
        let (flow, gap) = flow()
        return .done(BookReading(book: book, flow: flow, gap: gap))
    }

    private func tradesRequest(limit: Int, after: String? = nil) -> Request {
        Coinbase.tradesRequest(query.symbol, baseURL: baseURL, limit: limit, after: after)
    }

    private func snapshot(_ response: Response) throws(VenueError) -> BookSnapshot {
        let answer = try subject.read(response) { reader throws(JSONError) in
            try CoinbaseBook(&reader, aggregation: query.aggregation, depth: query.depth)
        }
        do throws(BookError) {
            return try OrderBook(asks: answer.asks, bids: answer.bids).buckets(aggregation: query.aggregation, depth: query.depth)
        } catch {
            throw subject.error(error, response)
        }
    }

    private func tradesPage(_ response: Response) throws(VenueError) -> [Trade] {
        let page = try subject.read(response) { reader throws(JSONError) in try reader.coinbaseTrades() }
        var newer = trades.last?.sequence ?? .max
        for trade in page {
            guard trade.sequence < newer else {
                throw subject.error(.malformed, "trade \(trade.sequence) comes after \(newer), but newest must be first", response)
            }
            newer = trade.sequence
        }
        return page
    }

    /// Coinbase numbers a product's trades one by one, so a missing number is a missing trade.
    private func flow() -> (TakerFlow, TradeGap?) {
        let newest = trades.first?.sequence ?? query.since ?? 0
        guard let since = query.since else { return (TakerFlow([], sequence: newest), nil) }
        if newest < since { return (TakerFlow([], sequence: newest), TradeGap(since: since, sequence: newest, cause: .jumpedBack)) }
        let new = trades.prefix { $0.sequence > since }
        let missing = newest - since - Int64(new.count)
        let gap = missing == 0 ? nil : TradeGap(since: since, sequence: newest, cause: .missing(missing))
        return (TakerFlow(new, sequence: newest), gap)
    }
}
