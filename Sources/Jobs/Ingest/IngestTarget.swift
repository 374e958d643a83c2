import Exchanges
import FoundationEssentials
import Lake
import Market
import Warehouse

/// Something that an ingest job keeps up to date: it says what to ask next, and what an answer means for that.
protocol IngestTarget: AnyObject {
    var site: VenueSite { get }
    var key: ExtractionKey { get }

    /// Nil: nothing more in this run.
    /// - Parameter now: by the venue's clock, milliseconds since 1970 UTC.
    func nextQuestion(now: Int64) -> VenueQuestion?

    /// Reads an answer to the last question. Throws, and has not moved on, if it cannot be read.
    /// - Parameter asOf: when it was asked, by the venue's clock: what the answer calls closed was so then.
    func accept(_ body: [UInt8], asOf: Int64) throws(AnswerError) -> IngestedAnswer

    /// The last question got no answer that can be used, and nothing more is asked in this run.
    func fail(_ reason: String)
}

extension IngestTarget {
    func fail(_ reason: String) {}
}

/// What an answer brought.
struct IngestedAnswer: Equatable {
    /// Rows that can be loaded.
    var records = 0
    /// Nil: the extraction stands where it stood.
    var standing: Standing?
    /// Markets that were looked for in an answer about all of them, and are not there, or without a price.
    var missing: [Pair] = []

    enum Standing: Equatable {
        /// The newest closed candle's opening, milliseconds since 1970 UTC.
        case opening(Int64)
        /// When the answer came.
        case answer

        func time(receivedAt: Date) -> Date {
            switch self {
            case .opening(let time): Date(milliseconds: time)
            case .answer: receivedAt
            }
        }
    }
}

/// The candles of one market, page by page from where the last run ended.
final class KlineTarget: IngestTarget {
    let site: VenueSite
    let pair: Pair
    let interval: KlineInterval
    private let since: Int64
    /// The first candle of the next question.
    private var from: Int64
    private var asked: ClosedRange<Int64>?
    private var pagesLeft: Int
    /// Whether closed candles are left that this run did not ask for.
    private(set) var isBehind = false

    var key: ExtractionKey { ExtractionKey(site.name, pair.description, .klines, interval) }

    /// - Parameters:
    ///   - since: of the first candle wanted, milliseconds since 1970 UTC.
    ///   - standing: the opening of the last closed candle there is, which is asked for again; nil: there is none.
    init(_ site: VenueSite, _ pair: Pair, _ interval: KlineInterval, since: Int64, standing: Int64?, pages: Int) {
        self.site = site
        self.pair = pair
        self.interval = interval
        self.since = interval.open(at: since)
        from = interval.open(at: max(standing ?? since, since))
        pagesLeft = pages
    }

    func nextQuestion(now: Int64) -> VenueQuestion? {
        let step = interval.milliseconds
        let newest = interval.open(at: now) - step
        // What stands at a candle that is not closed yet was closed by a clock that was ahead then, and has been put right. With the one
        // before, as always: that may have changed since.
        if asked == nil, from > newest { from = max(since, newest - step) }
        if let oldest = site.venue.offer.oldestOpening(at: now, interval) { from = max(from, oldest) }
        guard from <= newest, asked.map({ $0.upperBound < newest }) ?? true else {
            isBehind = false
            return nil
        }
        guard pagesLeft > 0 else { return nil }
        pagesLeft -= 1
        isBehind = true
        let end = site.venue.offer.lastOpening(from: from, interval)
        asked = from...min(newest, end)
        // The newest page has no end: some venues have it sooner, and cheaper, than what they call history.
        return .candles(pair, interval, from: from, to: newest < end ? nil : end)
    }

    func accept(_ body: [UInt8], asOf: Int64) throws(AnswerError) -> IngestedAnswer {
        let parsed = try site.venue.candles(body, of: pair, interval: interval)
        let closed = CandleCheck(interval: interval, asOf: asOf).check(parsed.rows).closed
        guard let asked else { return IngestedAnswer(records: closed.count) }
        from = asked.upperBound + interval.milliseconds
        // A page that is not the newest has been told in full, whatever of it there is, and of more only what was not asked for. Of the
        // newest the end may come late.
        let isNewest = asked.upperBound + 2 * interval.milliseconds > asOf
        return IngestedAnswer(
            records: closed.count, standing: (isNewest ? closed.last?.row.openTime : asked.upperBound).map { .opening($0) })
    }
}

/// A question that is asked once a run.
final class SnapshotTarget: IngestTarget {
    let site: VenueSite
    let key: ExtractionKey
    private let question: VenueQuestion
    /// Of a question about all markets.
    private let wanted: [Pair]
    private var isAsked = false

    private init(_ site: VenueSite, _ key: ExtractionKey, _ question: VenueQuestion, wanted: [Pair] = []) {
        self.site = site
        self.key = key
        self.question = question
        self.wanted = wanted
    }

    static func depth(_ site: VenueSite, _ pair: Pair, levels: Int) -> SnapshotTarget {
        SnapshotTarget(site, ExtractionKey(site.name, pair.description, .depth), .depth(pair, levels: levels))
    }

    /// One answer for all, where that is no dearer than one for each; a market that nobody would know in it is asked for by name.
    static func tickers(_ site: VenueSite, _ pairs: [Pair]) -> [SnapshotTarget] {
        let plain = pairs.filter(site.venue.isPlain)
        let single = plain.reduce(0) { $0 + site.weight(.tickers($1)) }
        guard site.venue.hasAllTickers, plain.count > 1, site.weight(.tickers(nil)) <= single else { return pairs.map { ticker(site, $0) } }
        let all = SnapshotTarget(site, ExtractionKey(site.name, RawObject.allSymbols, .tickers), .tickers(nil), wanted: plain)
        return [all] + pairs.filter { !site.venue.isPlain($0) }.map { ticker(site, $0) }
    }

    private static func ticker(_ site: VenueSite, _ pair: Pair) -> SnapshotTarget {
        SnapshotTarget(site, ExtractionKey(site.name, pair.description, .tickers), .tickers(pair))
    }

    func nextQuestion(now: Int64) -> VenueQuestion? {
        defer { isAsked = true }
        return isAsked ? nil : question
    }

    func accept(_ body: [UInt8], asOf: Int64) throws(AnswerError) -> IngestedAnswer {
        switch question {
        case .depth(let pair, _):
            let depth = try site.venue.depth(body, of: pair)
            return IngestedAnswer(records: depth.bids.count + depth.asks.count, standing: .answer)
        case .tickers(let pair):
            let rows = try site.venue.tickers(body, of: pair).rows
            let told = Set(wanted.isEmpty ? [] : rows.map(\.row.pair))
            return IngestedAnswer(records: rows.count, standing: .answer, missing: wanted.filter { !told.contains($0) })
        case .candles, .trades, .markets, .time: return IngestedAnswer()
        }
    }
}
