public import Market

/// What the rows of a file say of it as a whole, before anything of it is loaded: from when to when it goes, and how far apart its
/// candles are. A few numbers, however long the file is.
public struct CandleFileSurvey: Sendable {
    private let form: CandleFileForm
    private let interval: KlineInterval
    private let now: Int64

    /// When its first and its last candle open, milliseconds since 1970 UTC; nil: it has none.
    public private(set) var openings: ClosedRange<Int64>?
    /// When the last candle opens that does not open in the future.
    public private(set) var newestOpening: Int64?
    /// Whether it has any rows, sound or not; of a part that cannot be read nobody knows.
    public private(set) var hasRows = false
    /// What is wrong with the first piece that cannot be read.
    public private(set) var fault: AnswerError?

    /// How often rows follow each other by so many milliseconds.
    private var steps: [Int64: Int] = [:]
    private var stepCount = 0

    /// Different steps that are remembered; a file of candles has a handful, and gaps.
    private static let stepLimit = 10_000
    /// Of steps, in percent: what fewer have is a slip of single rows.
    private static let slips = 1
    /// Steps from which it can be told that candles lie further apart than was said, and do not just have gaps.
    private static let leastSteps = 5

    /// - Parameter now: milliseconds since 1970 UTC.
    public init(_ form: CandleFileForm, _ interval: KlineInterval, now: Int64) {
        self.form = form
        self.interval = interval
        self.now = now
    }

    public mutating func add(_ piece: [UInt8]) {
        do throws(AnswerError) {
            let rows = try form.rows(piece)
            hasRows = hasRows || !rows.rows.isEmpty || !rows.rejected.isEmpty
            let fields = CandleFields(form.columns, interval)
            for (_, candle) in form.candles(rows, fields).rows { add(candle.openTime) }
            let times = rows.rows.compactMap { fields.time($0.row) }.sorted()
            for (time, next) in zip(times, times.dropFirst()) where time < next { add(step: next - time) }
        } catch {
            (fault, hasRows) = (fault ?? error, true)
        }
    }

    private mutating func add(_ opening: Int64) {
        openings = min(openings?.lowerBound ?? opening, opening)...max(openings?.upperBound ?? opening, opening)
        if opening <= now { newestOpening = max(newestOpening ?? opening, opening) }
    }

    private mutating func add(step: Int64) {
        stepCount += 1
        if steps.count < Self.stepLimit || steps[step] != nil { steps[step, default: 0] += 1 }
    }

    /// Throws if the rows lie closer together than candles of that interval, or are candles of a longer one. Gaps are no reason.
    public func requireSpacing() throws(CandleSpacingError) {
        let common = steps.filter { $0.value * 100 >= stepCount * Self.slips }
        if let step = common.keys.min(), step < interval.milliseconds { throw CandleSpacingError(step: step, interval) }
        guard stepCount >= Self.leastSteps else { return }
        // From the longest one down: steps of an hour are steps of minutes too.
        for longer in KlineInterval.allCases.reversed() where longer > interval {
            let fitting = steps.lazy.filter { $0.key % longer.milliseconds == 0 }.reduce(0) { $0 + $1.value }
            if (stepCount - fitting) * 100 <= stepCount * Self.slips {
                throw CandleSpacingError(step: longer.milliseconds, interval)
            }
        }
    }
}

/// The rows of a file are no candles of the interval that was named.
public struct CandleSpacingError: Error, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    init(step: Int64, _ interval: KlineInterval) {
        let code = KlineInterval.allCases.first { $0.milliseconds == step }?.code
        let text = code ?? (step % 1000 == 0 ? "\(step / 1000) s" : "\(step) ms")
        description = "its rows are \(text) apart: they are no candles of \(interval), and nothing was loaded"
    }
}
