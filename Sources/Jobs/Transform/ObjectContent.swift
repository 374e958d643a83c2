import Curl
import Exchanges
import FoundationEssentials
import Lake
import Market
import Warehouse

/// The rows of one raw object that may be loaded, and those that may not. Pure: the same object always gives the same.
struct ObjectContent {
    enum Rows {
        case candles([(position: Int, row: Candle)], KlineInterval)
        case depth(Depth)
        case tickers([Ticker])
    }

    let rows: Rows
    /// Rows of the answer, of whatever kind.
    let rowsRead: Int
    /// That repeat another row of the answer exactly.
    let duplicates: Int
    let rejected: [RejectedRow]

    /// Whether somebody here can read it; a program of another version may.
    static func isKnown(_ channel: LakeChannel) -> Bool {
        Venues.named(channel.exchange) != nil && channel.channel != nil
    }
}

/// Why nothing of an object can be loaded.
struct ObjectFault: Error, Equatable {
    enum Kind {
        /// The venue said no.
        case refused
        case unreadable
        /// The venue has changed its API.
        case changedShape
    }

    let kind: Kind
    let reason: String
}

extension ObjectContent {
    /// What an answer about all markets says of this one.
    func part(_ pair: Pair) -> ObjectContent {
        guard case .tickers(let tickers) = rows else { return self }
        let part = tickers.filter { $0.pair == pair }
        return ObjectContent(rows: .tickers(part), rowsRead: part.count, duplicates: 0, rejected: [])
    }
}

extension ObjectContent {
    init(_ object: RawObject) throws(ObjectFault) {
        guard let venue = Venues.named(object.exchange) else {
            throw ObjectFault(kind: .unreadable, reason: "there is no venue \(object.exchange)")
        }
        let response = Response(status: object.status, body: object.body, url: object.url, receivedAt: object.receivedAt)
        if object.source == nil, let refusal = venue.refusal(response) {
            throw ObjectFault(kind: .refused, reason: "\(refusal.code): \(refusal.message)")
        }
        do throws(AnswerError) {
            switch Channel(rawValue: object.channel) {
            case .klines: self = try Self.candles(object, venue)
            case .depth: self = Self.checked(try venue.depth(object.body, of: try Self.pair(of: object)))
            case .tickers: self = Self.checked(try venue.tickers(object.body, of: try? Pair(object.symbol)))
            case nil: throw AnswerError(.unreadable, "nobody reads the channel \(object.channel)")
            }
        } catch {
            // What somebody's file looks like says nothing of the venue.
            let isVenues = error.fault == .changedShape && object.source == nil
            throw ObjectFault(kind: isVenues ? .changedShape : .unreadable, reason: error.reason)
        }
    }

    /// Facts of earlier times have no partition.
    private static let earliest: Int64 = 946_684_800_000

    private static func candles(_ object: RawObject, _ venue: any Venue.Type) throws(AnswerError) -> ObjectContent {
        guard let interval = object.interval.flatMap({ KlineInterval(rawValue: $0) }) else {
            throw AnswerError(.unreadable, "the envelope tells no interval of candles")
        }
        let parsed = try parsed(object, interval, venue)
        let times = object.venueTimes
        let checked = CandleCheck(interval: interval, asOf: times.requestedAt, receivedAt: times.receivedAt).check(parsed.rows)
        let early = checked.closed.filter { $0.row.openTime < earliest }.map { position, candle in
            RejectedRow(position: position, reason: "it opens before 2000", text: candle.description)
        }
        return ObjectContent(
            rows: .candles(early.isEmpty ? checked.closed : checked.closed.filter { $0.row.openTime >= earliest }, interval),
            rowsRead: parsed.rows.count + parsed.rejected.count, duplicates: checked.duplicates,
            rejected: (parsed.rejected + checked.rejected + early).sorted { $0.position < $1.position })
    }

    /// A venue's answer, or a piece of a file, whose layout stands in the envelope.
    private static func parsed(_ object: RawObject, _ interval: KlineInterval, _ venue: any Venue.Type) throws(AnswerError)
        -> ParsedRows<Candle>
    {
        guard let source = object.source else {
            return try venue.candles(object.body, of: try pair(of: object), interval: interval)
        }
        guard let form = CandleFileForm(description: source) else {
            throw AnswerError(.unreadable, "the envelope tells a layout that nobody knows: \(source)")
        }
        return try form.candles(object.body, interval: interval)
    }

    /// What was asked for, by the envelope.
    private static func pair(of object: RawObject) throws(AnswerError) -> Pair {
        do throws(PairError) {
            return try Pair(object.symbol)
        } catch {
            throw AnswerError(.unreadable, "the envelope names no market: \(error)")
        }
    }

    /// Levels of a side that are loaded, the best; what lies beyond stays in bronze. Some venues send the whole book, tens of thousands
    /// of levels, whatever they are asked for. The same for all, so that the same object always gives the same rows.
    static let depthLimit = 1000

    /// Positions count the bids, then the asks.
    private static func checked(_ depth: Depth) -> ObjectContent {
        let unread = Set(depth.rejected.map(\.position))
        let positions = (0..<depth.bids.count + depth.asks.count + unread.count).filter { !unread.contains($0) }
        var rejected = depth.rejected
        func sound(_ levels: [DepthLevel], _ positions: ArraySlice<Int>) -> [DepthLevel] {
            var prices: Set<WireDecimal> = []
            return zip(positions, levels.prefix(depthLimit)).filter { position, level in
                guard let fault = fault(of: level, isNew: prices.insert(level.price).inserted) else { return true }
                rejected.append(RejectedRow(position: position, reason: fault, text: "\(level.price) \(level.size)"))
                return false
            }.map(\.1)
        }
        var book = depth
        book.bids = sound(depth.bids, positions.prefix(depth.bids.count))
        book.asks = sound(depth.asks, positions.dropFirst(depth.bids.count))
        let read = min(depth.bids.count, depthLimit) + min(depth.asks.count, depthLimit) + unread.count
        return ObjectContent(
            rows: .depth(book), rowsRead: read, duplicates: 0, rejected: rejected.sorted { $0.position < $1.position })
    }

    private static func fault(of level: DepthLevel, isNew: Bool) -> String? {
        guard level.price.isPositive else { return "the price is not above 0" }
        guard !level.size.isNegative else { return "the size is below 0" }
        return isNew ? nil : "the price stands twice on its side"
    }

    private static func checked(_ parsed: ParsedRows<Ticker>) -> ObjectContent {
        var rejected = parsed.rejected
        var pairs: Set<Pair> = []
        let sound = parsed.rows.filter { position, ticker in
            guard let fault = fault(of: ticker, isNew: pairs.insert(ticker.pair).inserted) else { return true }
            rejected.append(RejectedRow(position: position, reason: fault, text: "\(ticker.pair) \(ticker.last)"))
            return false
        }
        return ObjectContent(
            rows: .tickers(sound.map(\.row)), rowsRead: parsed.rows.count + parsed.rejected.count, duplicates: 0,
            rejected: rejected.sorted { $0.position < $1.position })
    }

    private static func fault(of ticker: Ticker, isNew: Bool) -> String? {
        guard ticker.last.isPositive else { return "the last price is not above 0" }
        guard
            [ticker.bid, ticker.ask, ticker.high, ticker.low, ticker.open, ticker.volume, ticker.quoteVolume].allSatisfy({
                $0?.isNegative != true
            })
        else { return "a price or a volume is below 0" }
        return isNew ? nil : "the pair stands twice in the answer"
    }
}
