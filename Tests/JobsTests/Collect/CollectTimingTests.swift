import Curl
import Exchanges
import Foundation
import Market
import Testing

@testable import Jobs

@Suite("Collect timing")
struct CollectTimingTests {
    let start = ContinuousClock.now

    @Test("ticks stand on the schedule, however late each is noticed")
    func noDrift() {
        var schedule = TickSchedule(start: start, interval: .milliseconds(250))
        var ticks: [Duration] = []
        var now = start
        for _ in 0..<1000 {
            if let due = schedule.due(at: now) {
                ticks.append(start.duration(to: due.tick))
                #expect(due.missed == 0)
            }
            now = schedule.next + .milliseconds(Int.random(in: 0..<249))
        }
        #expect(ticks == (0..<1000).map { .milliseconds(250 * $0) })
    }

    @Test("ticks that passed unseen are counted and not made up for")
    func missed() {
        var schedule = TickSchedule(start: start, interval: .seconds(1))
        let early = schedule.due(at: start - .seconds(1))
        #expect(early == nil)
        var due = schedule.due(at: start + .milliseconds(3700))
        #expect(due?.tick == start + .seconds(3) && due?.missed == 3)
        let again = schedule.due(at: start + .milliseconds(3999))
        #expect(again == nil)
        due = schedule.due(at: start + .seconds(4))
        #expect(due?.tick == start + .seconds(4) && due?.missed == 0)
    }

    @Test("percentiles are those of the whole, in whole milliseconds rounded up")
    func histogram() {
        var histogram = LatencyHistogram()
        #expect(histogram.milliseconds(atShare: 0.99) == 0)
        for millisecond in 0..<100 { histogram.add(.milliseconds(millisecond)) }
        #expect(histogram.milliseconds(atShare: 0.5) == 50)
        #expect(histogram.milliseconds(atShare: 0.99) == 99)
        var other = LatencyHistogram()
        other.add(.seconds(60))
        histogram.add(other)
        #expect(histogram.milliseconds(atShare: 1) == 10_001 && histogram.maximum == .seconds(60) && histogram.count == 101)
    }

    @Test("a batch waits for its first sample's patience, not for ever")
    func batch() {
        var batch = SampleBatch(linger: .milliseconds(200))
        #expect(batch.deadline == nil && !batch.isDue(at: start))
        batch.add(sample("a", sequence: 1), at: start)
        batch.add(sample("b", sequence: 1), at: start + .milliseconds(150))
        #expect(!batch.isDue(at: start + .milliseconds(199)) && batch.isDue(at: start + .milliseconds(200)))
        let taken = batch.take()
        #expect(taken.map(\.sample.product) == ["a", "b"])
        let rest = batch.take()
        #expect(rest.isEmpty && batch.deadline == nil)
    }
}

@Suite("Collect products")
struct ProductPollTests {
    private let now = ContinuousClock.now

    private func product(_ id: String, _ venue: VenuePoll) throws -> ProductPoll {
        ProductPoll(
            try Product(id), CollectedProduct(product: id, aggregation: 10, depth: 3, lastTrade: 5), venue: venue, interval: .seconds(1))
    }

    private func error(_ code: VenueError.Code, retryAfter: Duration? = nil) -> VenueError {
        VenueError(code, venue: "v", symbol: "s", url: "u", message: "m", retryAfter: retryAfter)
    }

    @Test("the first failure costs one tick, the next ones ever more, and a success forgives all")
    func backoff() throws {
        let product = try product("A", VenuePoll(CoinbaseLocal(baseURL: "http://x"), at: now))
        product.fail(error(.down), at: now)
        #expect(product.isReady(at: now))
        var waits: [Duration] = []
        for _ in 0..<12 {
            product.fail(error(.malformed), at: now)
            waits.append(try #require((0...600).map { .milliseconds(50 * $0) }.first { product.isReady(at: now + $0) }))
        }
        #expect(waits[0] >= .milliseconds(500) && waits[0] <= .seconds(1))
        #expect(waits[3] >= .seconds(4) && waits[3] <= .seconds(8))
        #expect(waits[11] >= .seconds(15) && waits[11] <= .seconds(30))
        let book = BookSnapshot(midpoint: 1, asks: [], bids: [])
        let reading = BookReading(book: book, flow: TakerFlow(sequence: 9, buy: .none, sell: .none))
        #expect(product.succeed(reading) == 13)
        #expect(product.since == 9 && product.failures == 0 && product.isReady(at: now))
    }

    @Test("a venue's Retry-After is obeyed, and a fault that needs a person is asked about once a minute")
    func retryAfter() throws {
        let product = try product("A", VenuePoll(CoinbaseLocal(baseURL: "http://x"), at: now))
        product.fail(error(.rateLimited, retryAfter: .seconds(7)), at: now)
        #expect(!product.isReady(at: now + .seconds(6)) && product.isReady(at: now + .seconds(7)))
        product.fail(error(.unknownSymbol), at: now)
        #expect(!product.isReady(at: now + .seconds(59)) && product.isReady(at: now + .seconds(60)))
    }

    @Test("one reading at a time")
    func oneAtATime() throws {
        let product = try product("A", VenuePoll(CoinbaseLocal(baseURL: "http://x"), at: now))
        let poll = product.begin(tick: now)
        #expect(poll.request.url == "http://x/api/orderBook/interval?product=A&aggregation=10&depth=3")
        #expect(!product.isReady(at: now + .seconds(3600)))
    }

    @Test("a rate limit is shared evenly, whoever asks first")
    func fairness() throws {
        let venue = VenuePoll(Coinbase(baseURL: "http://x"), at: now)
        let products = try (0..<30).map { try product("coinbase:P\($0)", venue) }
        var asked: [String: Int] = [:]
        for millisecond in stride(from: 0, to: 60_000, by: 10) {
            let time = now + .milliseconds(millisecond)
            if millisecond % 1000 == 0 {
                for product in products where product.isReady(at: time) { venue.enqueue(product.begin(tick: time)) }
            }
            while let poll = venue.next(at: time) {
                asked[poll.product.product.id, default: 0] += 1
                if poll.isFirst {
                    poll.isFirst = false
                    venue.enqueue(poll)
                } else {
                    poll.product.poll = nil
                }
            }
        }
        let total = asked.values.reduce(0, +)
        #expect((600...615).contains(total), "10 requests a second and a burst of 15: \(total)")
        #expect(asked.values.max()! - asked.values.min()! <= 2, "\(asked)")
    }

    @Test("a venue that limits by address is left alone by all products when it complains")
    func venuePause() throws {
        let venue = VenuePoll(Coinbase(baseURL: "http://x"), at: now)
        venue.heed(error(.down), at: now)
        venue.heed(error(.rateLimited, retryAfter: .seconds(9)), at: now)
        venue.enqueue(try product("coinbase:A", venue).begin(tick: now))
        #expect(venue.next(at: now + .seconds(8)) == nil)
        #expect(venue.nextTurn(at: now) == now + .seconds(9))
        #expect(venue.next(at: now + .seconds(9)) != nil)
        #expect(venue.nextTurn(at: now + .seconds(9)) == nil)
    }
}

func sample(_ product: String, sequence: Int64, at seconds: TimeInterval = 0) -> CollectedSample {
    let book = BookSnapshot(midpoint: 1, asks: [], bids: [])
    let flow = TakerFlow(sequence: sequence, buy: .none, sell: .none)
    return CollectedSample(
        sample: Sample(product: product, sampledAt: Date(timeIntervalSince1970: 1_700_000_000 + seconds), book: book, flow: flow),
        source: "LIVE", gap: nil)
}
