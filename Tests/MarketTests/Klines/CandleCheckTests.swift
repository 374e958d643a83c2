import Testing

@testable import Market

private func number(_ text: String) -> WireDecimal { WireDecimal(text)! }

private func candle(_ minute: Int64, _ o: String = "10", _ h: String = "12", _ l: String = "9", _ c: String = "11", _ v: String = "1")
    -> Candle
{
    Candle(openTime: minute * 60_000, open: number(o), high: number(h), low: number(l), close: number(c), volume: number(v))
}

private func check(_ candles: [Candle], asOf: Int64 = 100 * 60_000) -> CheckedCandles {
    CandleCheck(interval: .minute, asOf: asOf).check(candles.enumerated().map { ($0, $1) })
}

@Suite("Candle check")
struct CandleCheckTests {
    @Test("a candle is closed when its interval has ended, or when the venue says so")
    func closing() {
        #expect(check([candle(98), candle(99), candle(100)]).closed.map(\.row.openTime) == [98 * 60_000, 99 * 60_000])
        #expect(check([candle(99), candle(100)], asOf: 100 * 60_000 - 1).open == 2)
        var said = candle(100)
        said.isClosed = true
        #expect(check([said]).closed.count == 1)
        said = candle(3)
        said.isClosed = false
        let open = check([said])
        #expect(open.closed.isEmpty && open.open == 1 && open.rejected.isEmpty)
    }

    @Test(
        "what cannot be is rejected with its reason",
        arguments: [
            (candle(1, "10", "9.9"), "the high is below open or close"),
            (candle(1, "10", "10.9", "9", "11"), "the high is below open or close"),
            (candle(1, "10", "12", "10.1"), "the low is above open or close"),
            (candle(1, "10", "12", "9.5", "9.4"), "the low is above open or close"),
            (candle(1, "0", "12", "0"), "the low is not above 0"), (candle(1, "10", "12", "-9"), "the low is not above 0"),
            (candle(1, "10", "12", "9", "11", "-0.1"), "the volume is below 0"), (candle(101), "it opens after the answer was received"),
            (candle(-1), "it opens before 1970"),
        ])
    func faults(bad: Candle, reason: String) {
        let checked = check([candle(0), bad, candle(2)])
        #expect(checked.closed.map(\.position) == [0, 2])
        #expect(checked.rejected == [RejectedRow(position: 1, reason: reason, text: bad.description)])
    }

    @Test("a trade count may be so high that a day of minutes still has a sum in 64 bits, and no higher")
    func tradeCounts() throws {
        var busy = candle(1)
        busy.tradeCount = CandleCheck.tradeLimit
        #expect(check([busy]).rejected.isEmpty)
        #expect(!Int64(1440).multipliedReportingOverflow(by: CandleCheck.tradeLimit).overflow)
        for count in [CandleCheck.tradeLimit + 1, .max] {
            busy.tradeCount = count
            #expect(check([candle(0), busy]).rejected.first?.reason == "the trade count is above \(CandleCheck.tradeLimit)")
            #expect(check([candle(0), busy]).closed.map(\.position) == [0])
        }
    }

    @Test("so are openings off the grid and volumes that contradict each other")
    func moreFaults() {
        var off = candle(1)
        off.openTime += 1
        #expect(check([off]).rejected.first?.reason == "no candle of 1m opens at that time")
        func reason(_ change: (inout Candle) -> Void) -> String? {
            var bad = candle(1)
            (bad.quoteVolume, bad.tradeCount, bad.takerBuyVolume, bad.takerBuyQuoteVolume) = (number("10"), 1, number("1"), number("10"))
            #expect(check([bad]).rejected.isEmpty)
            change(&bad)
            return check([bad]).rejected.first?.reason
        }
        #expect(reason { $0.takerBuyVolume = number("1.00001") } == "takers bought more than was traded")
        #expect(reason { $0.takerBuyQuoteVolume = number("10.1") } == "takers bought for more than was paid")
        #expect(reason { $0.quoteVolume = number("-10") } == "the quote volume is below 0")
        #expect(reason { $0.takerBuyVolume = number("-1") } == "the takers' volume is below 0")
        #expect(reason { $0.takerBuyQuoteVolume = number("-1") } == "the takers' quote volume is below 0")
        #expect(reason { $0.tradeCount = -1 } == "the trade count is below 0")
    }

    @Test("of candles of one opening the first stays; the same again is a duplicate, another one is rejected")
    func duplicates() {
        let checked = check([candle(3), candle(1), candle(2), candle(1), candle(1, "10.5"), candle(1)])
        #expect(checked.closed.map(\.position) == [1, 2, 0])
        #expect(checked.duplicates == 2)
        #expect(checked.rejected.map(\.position) == [4] && checked.rejected.first?.reason == "it opens at the time of row 1 and differs")
    }

    @Test("what opens between the question and the answer is open, whatever the venue says; what opens later comes from the future")
    func underWay() {
        let minute: Int64 = 60_000
        func check(_ candle: Candle, receivedAt: Int64) -> CheckedCandles {
            CandleCheck(interval: .minute, asOf: 100 * minute - 200, receivedAt: receivedAt).check([(0, candle)])
        }
        var late = candle(100)
        for isClosed in [nil, false, true] {
            late.isClosed = isClosed
            // The clock that tells when it came may be a little behind.
            for receivedAt in [102 * minute, 100 * minute + 300, 100 * minute, 100 * minute - 4000] {
                let checked = check(late, receivedAt: receivedAt)
                #expect(checked.open == 1 && checked.closed.isEmpty && checked.rejected.isEmpty)
            }
        }
        #expect(check(candle(101), receivedAt: 101 * minute).open == 1, "it was long under way")
        #expect(check(candle(101), receivedAt: 100 * minute + 300).rejected.map(\.reason) == ["it opens after the answer was received"])
    }

    @Test("a minute without trades is a candle")
    func empty() { #expect(check([candle(1, "10", "10", "10", "10", "0")]).closed.count == 1) }
}
