import FoundationEssentials
import Market
import Synchronization
import TestSupport
import Testing

@testable import Exchanges

@Suite("The real captures of Kraken and OKX", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
struct CaptureChecksumOracleTests {
    /// What an unrelated program counted in the recordings.
    private struct Expected {
        let folder: String
        let books: Int
        let checksums: Int
        let trades: Int
        /// Levels at the end: asks, bids.
        let levels: [String: (Int, Int)]
    }

    private static let kraken = Expected(
        folder: "data/captures/kraken", books: 4279, checksums: 4269, trades: 10,
        levels: [
            "ADA-BTC": (840, 707), "BTC-CHF": (315, 500), "OMG-USD": (298, 226), "OCEAN-BTC": (248, 153), "ETH-CHF": (148, 278),
            "SC-EUR": (588, 847), "GRT-ETH": (73, 60), "KSM-BTC": (243, 189), "XMR-USD": (426, 657), "WAVES-EUR": (272, 384),
        ])
    private static let okx = Expected(
        folder: "data/captures/okx", books: 290, checksums: 290, trades: 74,
        levels: ["BTC-USD-220527": (62, 74), "UNI-USD-SWAP": (118, 125), "BTC-USDT": (400, 400)])

    @Test("every checksum that the venue sent verifies, and every book ends with the levels it should", arguments: [true, false])
    func verified(isKraken: Bool) throws {
        let expected = isKraken ? Self.kraken : Self.okx
        let faults = FaultList()
        let survey = try CaptureSurvey(paths: [Shared.path(expected.folder)], report: faults.report)
        let cursor = try CaptureCursor(survey.files, report: faults.report)
        var markets: [String: ReplayedMarket] = [:]
        var (books, checksums, trades) = (0, 0, 0)
        _ = try cursor.advance(through: .max) { message throws(ReplayFault) in
            switch message {
            case .snapshot(let levels), .update(let levels):
                books += 1
                if levels.checksum != nil { checksums += 1 }
            case .trades(_, let list): trades += list.count
            case .other: break
            }
            guard let product = message.product else { return }
            try markets[product, default: ReplayedMarket()].apply(message)
        }
        #expect(faults.reasons == [])
        #expect(books == expected.books && checksums == expected.checksums && trades == expected.trades)
        #expect(Set(markets.keys) == Set(expected.levels.keys))
        for (product, counts) in expected.levels {
            let book = try #require(markets[product]?.book)
            #expect(book.count(.ask) == counts.0 && book.count(.bid) == counts.1, "\(product)")
        }
    }

    @Test("one bit of one size is found out by the next checksum")
    func tampered() throws {
        let text = try String(decoding: Shared.data("data/captures/kraken/KRAKEN.ws.50.0"), as: UTF8.self)
        let tampered = text.replacing(
            #"{"b":[["354.15000000","5.00000000""#, with: #"{"b":[["354.15000000","5.00000001""#, maxReplacements: 1)
        #expect(tampered != text)
        let fixture = try CaptureFixture(tampered.split(separator: "\n").map(String.init))
        let faults = FaultList()
        let venue = try CaptureVenue(paths: [fixture.path], loops: false, clock: VenueClock { 30_000_000_000 }, report: faults.report)
        _ = try venue.interval(product: "XMR-USD", aggregation: 0, depth: 1)
        #expect(!faults.kinds.isEmpty && Set(faults.kinds) == [.checksumMismatch(product: "XMR-USD")])
    }

    @Test("stepped, every product of both begins, ends and keeps to its checksums", arguments: ["kraken", "okx"])
    func stepped(folder: String) throws {
        let faults = FaultList()
        let venue = try SteppedCaptureVenue(
            paths: [Shared.path("data/captures/\(folder)")], step: 1_000_000_000, loops: false, report: faults.report)
        for product in venue.products {
            var books = 0
            while (try? venue.interval(product: product.symbol, aggregation: product.aggregation, depth: 3)) != nil { books += 1 }
            #expect(books >= 10, "\(product.symbol)")
        }
        #expect(faults.reasons == [])
    }
}
