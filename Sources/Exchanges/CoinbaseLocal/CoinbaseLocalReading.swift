import Curl
import FoundationEssentials
import Market

/// The interval first, the market orders after it on the same connection: a venue that replays step by step moves on with the
/// interval, and the market orders then belong to that very step.
struct CoinbaseLocalReading: Conversation {
    private let query: BookQuery
    private let baseURL: String
    private let subject: Subject
    private var book: BookSnapshot?

    init(_ query: BookQuery, baseURL: String) {
        self.query = query
        self.baseURL = baseURL
        subject = Subject(venue: CoinbaseLocal.venue, symbol: query.symbol)
    }

    mutating func begin() -> Request { CoinbaseLocal.intervalRequest(query, baseURL: baseURL) }

    mutating func next(after response: Response) throws(VenueError) -> Step<BookReading> {
        try subject.requireSuccess(response)
        guard let book else {
            book = try interval(response)
            return .ask(CoinbaseLocal.marketOrdersRequest(query, baseURL: baseURL))
        }
        let flow = try marketOrders(response)
        let source = response["x-source"] ?? "LIVE"
        guard let since = query.since else { return .done(BookReading(book: book, flow: flow, source: source)) }
        return .done(reading(book, flow, since: since, source: source, missingThrough: response["x-missing-through"].flatMap { Int64($0) }))
    }

    /// - Parameter missingThrough: our own `exchange` says up to where it no longer keeps trades that were asked for.
    private func reading(_ book: BookSnapshot, _ flow: TakerFlow, since: Int64, source: String, missingThrough: Int64?) -> BookReading {
        guard flow.sequence < since else {
            let gap = missingThrough.map { _ in TradeGap(since: since, sequence: flow.sequence, cause: .missing(nil)) }
            return BookReading(book: book, flow: flow, source: source, gap: gap)
        }
        // Whatever it counted, it cannot be what came after `since`.
        return BookReading(
            book: book, flow: TakerFlow(sequence: flow.sequence, buy: .none, sell: .none), source: source,
            gap: TradeGap(since: since, sequence: flow.sequence, cause: .jumpedBack))
    }

    private func interval(_ response: Response) throws(VenueError) -> BookSnapshot {
        let answer = try subject.read(response) { reader throws(JSONError) in try IntervalAnswer(&reader) }
        if let width = answer.aggregation, width != query.aggregation {
            throw subject.error(.malformed, "asked for aggregation \(query.aggregation), got \(width)", response)
        }
        guard let book = answer.book else { throw subject.error(.malformed, "midpoint, asks, bids or sequence is missing", response) }
        if let reason = fault(book) { throw subject.error(reason.code, reason.message, response) }
        return book
    }

    private func marketOrders(_ response: Response) throws(VenueError) -> TakerFlow {
        let answer = try subject.read(response) { reader throws(JSONError) in try MarketOrdersAnswer(&reader) }
        guard let flow = answer.flow else { throw subject.error(.malformed, "sequence, buy or sell is missing", response) }
        for (side, volume) in [("buy", flow.buy), ("sell", flow.sell)] {
            let parts = [volume.price > 0, volume.size > 0, volume.orders > 0]
            guard volume.price >= 0, volume.size >= 0, volume.orders >= 0, Set(parts).count == 1 else {
                throw subject.error(
                    .malformed, "\(side) has price \(volume.price), size \(volume.size), \(volume.orders) orders", response)
            }
        }
        return flow
    }

    /// What makes a book unusable; nil: nothing.
    private func fault(_ book: BookSnapshot) -> (code: VenueError.Code, message: String)? {
        for (name, side) in [("asks", book.asks), ("bids", book.bids)] {
            if side.allSatisfy({ $0.size == 0 }) { return (.emptySide, "there are no \(name)") }
            // An empty bucket's price says nothing; of a wide one below a low price it is even negative.
            if let bad = side.first(where: { ($0.price <= 0 && $0.size != 0) || $0.size < 0 || $0.orders < 0 }) {
                return (.malformed, "\(name) hold price \(bad.price), size \(bad.size), \(bad.orders) orders")
            }
            let isCut = query.aggregation == 0 && side.count < query.depth
            guard side.count == query.depth || isCut else {
                return (.malformed, "asked for \(query.depth) \(name), got \(side.count)")
            }
        }
        if book.bids[0].price >= book.asks[0].price {
            return (.crossed, "the order book is crossed: bid \(book.bids[0].price), ask \(book.asks[0].price)")
        }
        guard (book.bids[0].price...book.asks[0].price).contains(book.midpoint), isSorted(book.asks, <), isSorted(book.bids, >) else {
            return (.malformed, "the prices are out of order around midpoint \(book.midpoint)")
        }
        return nil
    }

    private func isSorted(_ levels: [PriceLevel], _ precedes: (Decimal, Decimal) -> Bool) -> Bool {
        zip(levels, levels.dropFirst()).allSatisfy { precedes($0.price, $1.price) }
    }
}
