import Exchanges
import FoundationEssentials
import Market
import Testing

@Suite("A damaged capture")
struct DamagedCaptureTests {
    @Test("whatever bytes it holds, the replay goes through it and only answers or refuses", arguments: UInt64(1)...180)
    func damaged(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let lines = [
            CaptureFixture.market, CaptureFixture.krakenBook + CaptureFixture.krakenTrades, CaptureFixture.okx,
        ][Int(seed % 3)]
        var bytes = Array((lines + lines).joined(separator: "\n").utf8)
        for _ in 0..<Int.random(in: 1...12, using: &random) { damage(&bytes, using: &random) }
        let fixture = try CaptureFixture([])
        try Data(bytes).write(to: URL(filePath: fixture.path))
        let (time, faults) = (HandClock(), FaultList())
        let venues: [any SimulatedVenue]
        do throws(CaptureError) {
            venues = [
                try CaptureVenue(paths: [fixture.path], loops: true, clock: time.clock, report: faults.report),
                try SteppedCaptureVenue(paths: [fixture.path], step: 1_000_000_000, loops: true, report: faults.report),
            ]
        } catch {
            // Both snapshots may have been hit.
            #expect(error.reason == .noSnapshot)
            return
        }
        for venue in venues {
            var sequence: Int64 = 0
            for step in 1...8 {
                time.set(milliseconds: Int64(step) * 150)
                guard let product = venue.products.first?.symbol else { continue }
                let book = try? venue.interval(product: product, aggregation: 1, depth: 3).book
                #expect(book?.asks.count ?? 3 == 3)
                let next = try venue.marketOrders(product: product, since: sequence).flow.sequence
                #expect(next >= sequence)
                sequence = next
            }
        }
    }

    private func damage(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: place)
        default: bytes.removeSubrange(place..<min(bytes.count, place + 40))
        }
    }

    @Test("numbers that would overflow are left out", arguments: ["0", "-1", "9007199254740992", "9223372036854775807"])
    func sequences(sequence: String) throws {
        let fixture = try CaptureFixture(
            CaptureFixture.market + [
                #"1000.3: {"type":"match","product_id":"AAA-USD","side":"buy","size":"1","price":"9","sequence":\#(sequence)}"#,
                "9223372036.1: {}",
            ])
        let (time, faults) = (HandClock(), FaultList())
        let venue = try CaptureVenue(paths: [fixture.path], loops: true, clock: time.clock, report: faults.report)
        time.set(milliseconds: 5_000)
        // The first pass ended at 17, and in the fifteenth, 0.1 s old, one trade has followed.
        #expect(try venue.marketOrders(product: "AAA-USD", since: 0).flow.sequence == 18)
        #expect(faults.lines == [14, 13])
    }
}
