/// Whether the candles of one answer can be true, and which of them are finished.
public struct CandleCheck: Sendable {
    public let interval: KlineInterval
    /// When the answer was asked for, by the venue's clock: milliseconds since 1970 UTC. It may have been given at any time since, so only
    /// what has ended by then is sure to be closed, where the venue does not say so itself; and what opens later is not.
    public let asOf: Int64
    /// When the answer came, likewise. What opens after that comes from the future.
    public let receivedAt: Int64

    /// By how much what we take for the venue's clock may be behind it: three seconds that nobody corrects, one that a time in whole
    /// seconds lacks, and however long the answer that told it was under way.
    static let clockTolerance: Int64 = 15_000

    /// - Parameter receivedAt: nil: at once.
    public init(interval: KlineInterval, asOf: Int64, receivedAt: Int64? = nil) {
        self.interval = interval
        self.asOf = asOf
        self.receivedAt = max(asOf, receivedAt ?? asOf)
    }

    /// - Parameter rows: with their positions in the answer, in any order. Linear if they come in the order of time.
    public func check(_ rows: [(position: Int, row: Candle)]) -> CheckedCandles {
        var checked = CheckedCandles()
        // Most answers are sound but for the newest row, and nothing is copied where all of them are closed.
        let sound = rows.prefix { fault(of: $0.row) == nil && isClosed($0.row) }
        checked.closed = sound.count == rows.count ? rows : Array(sound)
        for (position, candle) in rows[sound.endIndex...] {
            if let fault = fault(of: candle) {
                checked.reject(position, candle, fault)
            } else if isClosed(candle) {
                checked.closed.append((position, candle))
            } else {
                checked.open += 1
            }
        }
        checked.settleDuplicates()
        return checked
    }

    private func isClosed(_ candle: Candle) -> Bool {
        candle.openTime <= asOf && candle.isClosed ?? (candle.openTime + interval.milliseconds <= asOf)
    }

    /// Far beyond every market; the sum of a day's minutes stays within 64 bits.
    static let tradeLimit: Int64 = 1_000_000_000_000

    /// Nil: none.
    private func fault(of candle: Candle) -> String? {
        guard candle.openTime <= receivedAt + Self.clockTolerance else { return "it opens after the answer was received" }
        guard candle.openTime >= 0 else { return "it opens before 1970" }
        guard interval.isOpening(candle.openTime) else { return "no candle of \(interval) opens at that time" }
        guard candle.low.isPositive else { return "the low is not above 0" }
        guard candle.low <= candle.open, candle.low <= candle.close else { return "the low is above open or close" }
        guard candle.high >= candle.open, candle.high >= candle.close else { return "the high is below open or close" }
        guard !candle.volume.isNegative else { return "the volume is below 0" }
        if let count = candle.tradeCount {
            guard count >= 0 else { return "the trade count is below 0" }
            guard count <= Self.tradeLimit else { return "the trade count is above \(Self.tradeLimit)" }
        }
        if let quote = candle.quoteVolume, quote.isNegative { return "the quote volume is below 0" }
        return takerFault(of: candle)
    }

    private func takerFault(of candle: Candle) -> String? {
        if let taker = candle.takerBuyVolume {
            guard !taker.isNegative else { return "the takers' volume is below 0" }
            guard taker <= candle.volume else { return "takers bought more than was traded" }
        }
        if let taker = candle.takerBuyQuoteVolume {
            guard !taker.isNegative else { return "the takers' quote volume is below 0" }
            if let quote = candle.quoteVolume, taker > quote { return "takers bought for more than was paid" }
        }
        return nil
    }
}

/// Candles of one answer, sorted out.
public struct CheckedCandles: Sendable {
    /// Finished, sound, one for each opening; oldest first, with their positions in the answer.
    public internal(set) var closed: [(position: Int, row: Candle)] = []
    /// How many are not finished; they are sound otherwise.
    public internal(set) var open = 0
    /// How many repeat a closed one exactly.
    public internal(set) var duplicates = 0
    public internal(set) var rejected: [RejectedRow] = []

    mutating func reject(_ position: Int, _ candle: Candle, _ reason: String) {
        rejected.append(RejectedRow(position: position, reason: reason, text: candle.description))
    }

    /// Of the same opening the first by position stays.
    mutating func settleDuplicates() {
        let isAscending = zip(closed, closed.dropFirst()).allSatisfy { $0.row.openTime < $1.row.openTime }
        guard !isAscending else { return }
        closed.sort { ($0.row.openTime, $0.position) < ($1.row.openTime, $1.position) }
        var kept: [(position: Int, row: Candle)] = []
        for (position, candle) in closed {
            if let last = kept.last, last.row.openTime == candle.openTime {
                if last.row == candle {
                    duplicates += 1
                } else {
                    reject(position, candle, "it opens at the time of row \(last.position) and differs")
                }
            } else {
                kept.append((position, candle))
            }
        }
        closed = kept
    }
}
