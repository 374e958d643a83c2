import FoundationEssentials
import Market
import Testing

@testable import Exchanges

@Suite("A message of a feed")
struct FeedMessageTests {
    private func kraken(_ json: String) throws -> FeedMessage { try KrakenFeed.decode(Array(json.utf8)[...]) }
    private func okx(_ json: String) throws -> FeedMessage { try OKXFeed.decode(Array(json.utf8)[...]) }

    private func level(_ price: String, _ size: String, orders: Int = 1) throws -> WireLevel {
        try WireLevel(price: price, size: size, orders: orders, keepsText: true)
    }

    @Test("Kraken's snapshot and its updates, also those of two payloads, are levels with the wire's spelling")
    func krakenBook() throws {
        let snapshot = #"[336,{"as":[["100.10","1.50000000","1.5"]],"bs":[["99.90","2.0","1.5"]]},"book-10","XBT/USD"]"#
        #expect(
            try kraken(snapshot)
                == .snapshot(
                    BookLevels(product: "BTC-USD", asks: [level("100.10", "1.50000000")], bids: [level("99.90", "2.0")], depth: 10)))
        let both =
            #"[336,{"a":[["100.20","0.5","2.0"],["100.30","0.00000000","2.1","r"]]},{"b":[["99.80","3","2.2"]],"c":"4294967295"},"book-10","XDG\/XBT"]"#
        #expect(
            try kraken(both)
                == .update(
                    BookLevels(
                        product: "DOGE-BTC", asks: [level("100.20", "0.5"), level("100.30", "0.00000000")], bids: [level("99.80", "3")],
                        depth: 10, checksum: BookChecksum(rule: .kraken, value: 4_294_967_295))))
    }

    @Test("Kraken's trades come several at once, without numbers, with the taker's side")
    func krakenTrades() throws {
        let json =
            #"[337,[["5541.20000","0.15850568","1534614057.3","s","l",""],["6060.0","0.02","1534614057.7","b","m",""]],"trade","ETH/EUR"]"#
        let expected = [
            try FeedTrade(sequence: nil, price: "5541.2", size: "0.15850568", taker: .sell),
            try FeedTrade(sequence: nil, price: "6060", size: "0.02", taker: .buy),
        ]
        #expect(try kraken(json) == .trades(product: "ETH-EUR", expected))
    }

    @Test("OKX's levels have their count of orders, its checksum a sign, its trades the taker's side and a number")
    func okxMessages() throws {
        let update =
            #"{"arg":{"channel":"books","instId":"AAA-USDT"},"action":"update","data":[{"asks":[["0.50","10","0","3"]],"bids":[],"ts":"1","checksum":-7}]}"#
        #expect(
            try okx(update)
                == .update(
                    BookLevels(
                        product: "AAA-USDT", asks: [level("0.50", "10", orders: 3)], checksum: BookChecksum(rule: .okx, value: -7))))
        let trades =
            #"{"arg":{"channel":"trades","instId":"AAA-USDT"},"data":[{"instId":"AAA-USDT","tradeId":"12","px":"0.5","sz":"2","side":"buy","ts":"1"}]}"#
        #expect(
            try okx(trades)
                == .trades(product: "AAA-USDT", [try FeedTrade(sequence: 12, price: "0.5", size: "2", taker: .buy)]))
    }

    @Test(
        "what is neither book nor trade is passed over",
        arguments: [
            (CaptureFormat.kraken, #"{"event":"heartbeat"}"#), (.kraken, #"{"event":"subscriptionStatus","pair":"XBT/USD","channelID":1}"#),
            (.kraken, #"[340,{"a":["1.1",35,"35.7"],"b":["1.0",1,"1.8"]},"ticker","XBT/USD"]"#),
            (.kraken, #"[42,["1.5","1.6","3"],"spread","XBT/USD"]"#),
            (.okx, #"{"event":"subscribe","arg":{"channel":"books","instId":"A-B"}}"#),
            (.okx, #"{"arg":{"channel":"tickers","instId":"A-B"},"data":[{"last":"1"}]}"#), (.coinbase, #"{"type":"ticker","price":"1"}"#),
        ])
    func other(format: CaptureFormat, json: String) throws {
        let bytes = Array(json.utf8)[...]
        #expect(try format.decode(bytes) == .other)
        #expect(CaptureFormat(recognizing: bytes) == nil, "it might be anybody's")
    }

    @Test(
        "what only looks like one is a fault",
        arguments: [
            (CaptureFormat.kraken, "[1,2]"), (.kraken, #"[1,{"a":[]},"book-10","XBTUSD"]"#),
            (.kraken, #"[1,{"a":[["1","2"]]},"book-10","A/B"]"#),
            (.kraken, #"[1,{"a":[["1","x","3"]]},"book-10","A/B"]"#), (.kraken, #"[1,{"a":[],"c":"-1"},"book-10","A/B"]"#),
            (.kraken, #"[1,[["1","2","3","x","l",""]],"trade","A/B"]"#), (.kraken, #"[1,[["1","0","3","b","l",""]],"trade","A/B"]"#),
            (.kraken, #"[1,{"a":[]},"book--5","A/B"]"#), (.kraken, "{}"), (.kraken, #"[1,{"a":[["1","2","3"]]}"#),
            (.okx, #"{"arg":{"channel":"books","instId":"A-B"},"action":"partial","data":[{"asks":[],"bids":[]}]}"#),
            (.okx, #"{"arg":{"channel":"books","instId":"A-B"},"action":"update","data":[{"asks":[["1","2"]],"bids":[]}]}"#),
            (.okx, #"{"arg":{"channel":"books","instId":"A-B"},"action":"update","data":[{"asks":[],"bids":[],"checksum":4294967295}]}"#),
            (.okx, #"{"arg":{"channel":"trades","instId":"A-B"},"data":[{"tradeId":"x","px":"1","sz":"1","side":"buy"}]}"#),
            (.okx, #"{"arg":{"channel":"trades","instId":"A-B"},"data":[{"tradeId":"1","px":"1","sz":"1","side":"b"}]}"#),
            (
                .okx,
                #"{"arg":{"channel":"books","instId":"A-B"},"action":"update","data":[{"asks":[["1","2","0","9223372036854775807"]],"bids":[]}]}"#
            ),
            (.okx, #"{"event":"subscribe"}"#), (.coinbase, "[1,2]"),
        ])
    func faults(format: CaptureFormat, json: String) {
        #expect(throws: (any Error).self) { try format.decode(Array(json.utf8)[...]) }
    }

    @Test("CRC32 has its well-known check value")
    func checksum() {
        #expect(CRC32.checksum("123456789".utf8) == 0xCBF4_3926)
        #expect(CRC32.checksum([]) == 0)
    }

    @Test("each venue's checksum is of its own text")
    func checksumText() {
        let asks = [LevelText(price: "0.05005", size: "0.00000500"), LevelText(price: "0.05010", size: "0.00000500")]
        let bids = [LevelText(price: "0.05000", size: "1.00")]
        #expect(KrakenFeed.checksumText(asks: asks, bids: bids) == "5005500" + "5010500" + "5000100")
        #expect(OKXFeed.checksumText(asks: asks, bids: bids) == "0.05000:1.00:0.05005:0.00000500:0.05010:0.00000500")
        #expect(OKXFeed.checksumText(asks: [], bids: []) == "")
    }
}
