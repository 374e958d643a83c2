import Curl
import Foundation
import Market
import TestSupport
import Testing

@testable import Exchanges

/// Every recorded answer, damaged.
@Suite("Damaged answers", Sample.present)
struct DamagedAnswerTests {
    static let venues = Venues.all.map { $0.name }

    private func answers(of venue: String) throws -> [(file: String, body: [UInt8])] {
        let name = Sample.folder(of: venue)
        let folder = try Shared.path("data/venues/\(name)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }.sorted()
        // The head is as good as the whole, and the tests are not built for speed.
        return try files.map { ($0, Array(try Sample.body("\(name)/\($0)").prefix(20_000))) }
    }

    private func readAll(_ venue: any Venue.Type, _ body: [UInt8]) -> [AnswerError.Fault?] {
        func fault(_ read: () throws(AnswerError) -> Void) -> AnswerError.Fault? {
            do throws(AnswerError) { try read() } catch { return error.fault }
            return nil
        }
        return [
            fault { () throws(AnswerError) in _ = try venue.candles(body, of: pair("BTC-USDT"), interval: .minute) },
            fault { () throws(AnswerError) in _ = try venue.depth(body, of: pair("BTC-USDT")) },
            fault { () throws(AnswerError) in _ = try venue.tickers(body, of: nil) },
            fault { () throws(AnswerError) in _ = try venue.trades(body) }, fault { () throws(AnswerError) in _ = try venue.markets(body) },
            fault { () throws(AnswerError) in _ = try venue.time(body) },
        ]
    }

    @Test("half a body is unreadable to every parser, wherever it ends", arguments: venues)
    func half(name: String) throws {
        let venue = try #require(Venues.named(name))
        var generator = SeededGenerator(seed: 3)
        for (file, body) in try answers(of: name) {
            for _ in 0..<3 {
                let cut = Int.random(in: 0..<body.count, using: &generator)
                // A file may end with blanks.
                guard body[cut...].contains(where: { $0 > 0x20 }) else { continue }
                #expect(readAll(venue, Array(body[..<cut])).allSatisfy { $0 == .unreadable }, "\(file) cut at \(cut)")
            }
        }
    }

    @Test("flipped bytes are taken, set aside or refused, but never crash", arguments: venues)
    func flipped(name: String) throws {
        let venue = try #require(Venues.named(name))
        var generator = SeededGenerator(seed: 5)
        let noise = Array("{}[]\",:0123456789.-e\\ntu".utf8) + [0, 0x7f, 0xc3, 0xff]
        for (_, body) in try answers(of: name) {
            var damaged = Array(body.prefix(4000))
            for _ in 0..<10 {
                damaged[Int.random(in: damaged.indices, using: &generator)] = noise.randomElement(using: &generator)!
                _ = readAll(venue, damaged)
                _ = venue.refusal(Response(status: 200, body: damaged))
            }
        }
    }
}
