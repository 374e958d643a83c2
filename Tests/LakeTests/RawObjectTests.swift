import Deflate
import Digest
import Foundation
import Testing

@testable import Lake

@Suite("Raw objects")
struct RawObjectTests {
    static let object = RawObject(
        exchange: "binance", symbol: "BTC-USDT", channel: "klines", interval: "1m",
        url: "https://api.example/klines?symbol=BTCUSDT&apiKey=***", requestedAt: Date(timeIntervalSince1970: 1_709_251_199.9981),
        receivedAt: Date(timeIntervalSince1970: 1_709_251_200.1234), status: 200, body: Array(#"[[1709251140000,"61.5"]]"#.utf8))

    @Test("the key is exchange, symbol, channel, the UTC day and the millisecond of receipt, and a hash")
    func key() throws {
        let key = try Self.object.encoded().key
        #expect(key.hasPrefix("binance/BTC-USDT/klines/2024/03/01/1709251200123-"))
        #expect(key.wholeMatch(of: /.*-[0-9a-f]{16}\.json\.gz/) != nil)
        let all = RawObject(
            exchange: "okx", symbol: RawObject.allSymbols, channel: "tickers", url: "https://x", requestedAt: .distantPast,
            receivedAt: Date(timeIntervalSince1970: 0), status: 200, body: [])
        #expect(try all.encoded().key.hasPrefix("okx/_all/tickers/1970/01/01/0-"))
    }

    @Test("a key is read as it was written, and nothing else is one")
    func keyRead() throws {
        let text = "binance/BTC-USDT/klines/2024/03/01/1709251200123-00ab34cd56ef7890.json.gz"
        let key = try #require(RawObjectKey(text))
        #expect(key.exchange == "binance" && key.symbol == "BTC-USDT" && key.channel == "klines" && key.day == "2024/03/01")
        #expect(key.receivedAt == 1_709_251_200_123 && key.hash == 0x00ab_34cd_56ef_7890 && key.description == text)
        #expect(key.series == "binance/BTC-USDT/klines/" && key.day == RawObjectKey.day(of: Self.object.receivedAt))
        let written = try Self.object.encoded().key
        #expect(RawObjectKey(written)?.description == written)
        for other in [
            "", "a/b/c", "binance/BTC-USDT/klines/2024/03/01/1.json.gz", text + "x", "x/" + text, String(text.dropFirst("binance/".count)),
            text.replacing("00ab", with: "ab"), text.replacing("00ab", with: "00xb"), text.replacing("1709251200123", with: "x"),
            text.replacing(".gz", with: ""),
        ] { #expect(RawObjectKey(other) == nil, "\(other)") }
    }

    @Test("the file is one line of JSON, a line feed, and the body byte for byte")
    func bytes() throws {
        let encoded = try Self.object.encoded()
        let content = try Gzip.decompress(encoded.bytes, limit: 1 << 20)
        let end = try #require(content.firstIndex(of: 10))
        #expect(
            String(decoding: content[..<end], as: UTF8.self)
                == #"{"version":1,"exchange":"binance","symbol":"BTC-USDT","channel":"klines","interval":"1m","#
                + #""url":"https://api.example/klines?symbol=BTCUSDT&apiKey=***","requested_at":"2024-02-29T23:59:59.998Z","#
                + #""received_at":"2024-03-01T00:00:00.123Z","status":200,"bytes":24,"sha256":"\#(SHA256.hash(Self.object.body).hex)"}"#)
        #expect(Array(content[(end + 1)...]) == Self.object.body)
        #expect(try Self.object.encoded() == encoded)
    }

    @Test(
        "how far the venue's clock was ahead stands in the envelope unless nothing is known of it, and changes the key",
        arguments: [-300_123, 420_000])
    func clockOffset(milliseconds: Int) throws {
        let object = Self.skewed(milliseconds)
        let encoded = try object.encoded()
        let content = String(decoding: try Gzip.decompress(encoded.bytes, limit: 1 << 20), as: UTF8.self)
        #expect(content.contains("\"received_at\":\"2024-03-01T00:00:00.123Z\",\"clock_offset_ms\":\(milliseconds),\"status\":200"))
        let back = try RawObject(decoding: encoded.bytes, key: encoded.key)
        #expect(back == object && back.clockOffset == milliseconds && back.receivedAt == Self.object.receivedAt)
        #expect(try encoded.key != Self.object.encoded().key)
        #expect(Self.skewed(0) == Self.object && Self.object.clockOffset == 0)
    }

    static func skewed(_ milliseconds: Int) -> RawObject {
        RawObject(
            exchange: object.exchange, symbol: object.symbol, channel: object.channel, interval: object.interval, url: object.url,
            requestedAt: object.requestedAt, receivedAt: object.receivedAt, clockOffset: milliseconds, status: object.status,
            body: object.body)
    }

    @Test("what was encoded comes back whole, whatever the body and the words hold")
    func roundTrip() throws {
        for body in [[], [10], Array("{\n}\n".utf8), [0, 255, 254], [UInt8](repeating: 7, count: 300_000)] {
            for source in [nil, "csv", "a \"quoted\" \\ file\u{1}\n — é"] {
                let object = RawObject(
                    exchange: "kraken", symbol: "ETH-EUR", channel: "depth", url: "file:///a b", requestedAt: Date(), receivedAt: Date(),
                    status: 503, source: source, body: body)
                let encoded = try object.encoded()
                #expect(try RawObject(decoding: encoded.bytes, key: encoded.key) == object)
            }
        }
    }

    @Test("the same body twice in one millisecond, of two requests, is two objects")
    func distinct() throws {
        let object = Self.object
        let other = RawObject(
            exchange: object.exchange, symbol: object.symbol, channel: object.channel, interval: "5m", url: object.url,
            requestedAt: object.requestedAt, receivedAt: object.receivedAt, status: 200, body: object.body)
        #expect(try other.encoded().key != object.encoded().key)
    }

    @Test("a symbol that would leave its place is refused")
    func symbols() {
        for symbol in ["../etc", "", "a/b/c/d/e/f/g/h/i", ".hidden", "BTC USD", "BTC\u{0}USD", "-x"] {
            let object = RawObject(
                exchange: "x", symbol: symbol, channel: "depth", url: "u", requestedAt: Date(), receivedAt: Date(), status: 200, body: [])
            #expect(throws: LakeError.self, "\(symbol)") { try object.encoded() }
        }
    }
}

@Suite("Damaged raw objects")
struct DamagedObjectTests {
    private func reason(_ bytes: [UInt8], key: String? = nil) throws -> String? {
        let key = try key ?? RawObjectTests.object.encoded().key
        do {
            _ = try RawObject(decoding: bytes, key: key)
            return nil
        } catch {
            #expect(error.code == .corrupt && error.subject == key)
            return error.message
        }
    }

    private func packed(_ text: String) throws -> [UInt8] { try #require(Gzip.compress(Array(text.utf8))) }

    @Test("an object cut short, or with any byte changed, is never loaded")
    func damage() throws {
        let bytes = try RawObjectTests.object.encoded().bytes
        #expect(try reason(bytes) == nil)
        for length in 0..<bytes.count { #expect(try reason(Array(bytes.prefix(length))) != nil) }
        for position in 10..<bytes.count {
            var changed = bytes
            changed[position] ^= 1
            #expect(try reason(changed) != nil, "byte \(position)")
        }
        #expect(try reason(bytes + bytes) == "something follows the end of the gzip file")
    }

    @Test("a forged body or envelope, well packed, is found by the hashes")
    func tampered() throws {
        let content = try Gzip.decompress(RawObjectTests.object.encoded().bytes, limit: 1 << 20)
        let text = String(decoding: content, as: UTF8.self)
        #expect(try reason(packed(text.replacing("61.5", with: "61.6"))) == "its body differs from the envelope's hash")
        #expect(try reason(packed(text + " ")) == "its body has 25 bytes where the envelope says 24")
        #expect(try reason(packed(text.replacing("\"status\":200", with: "\"status\":201"))) == "its envelope belongs to another key")
        #expect(try reason(packed(text.replacing("binance", with: "bitbank"))) == "its envelope belongs to another key")
    }

    @Test(
        "a clock that no envelope can tell of is refused",
        arguments: [
            ("\"7\"", "its envelope has no number clock_offset_ms"), ("3600001", "its envelope has a clock_offset_ms of more than an hour"),
            ("-3600001", "its envelope has a clock_offset_ms of more than an hour"),
            ("9223372036854775807", "its envelope has a clock_offset_ms of more than an hour"),
            ("1.5", "its envelope is not the JSON that we write"), ("421000", "its envelope belongs to another key"),
        ])
    func clockOffset(value: String, expected: String) throws {
        let encoded = try RawObjectTests.skewed(420_000).encoded()
        let text = String(decoding: try Gzip.decompress(encoded.bytes, limit: 1 << 20), as: UTF8.self)
        let forged = text.replacing("\"clock_offset_ms\":420000", with: "\"clock_offset_ms\":\(value)")
        #expect(try forged != text && reason(packed(forged), key: encoded.key) == expected)
    }

    @Test("a sound object under another key is no object of that key")
    func moved() throws {
        let encoded = try RawObjectTests.object.encoded()
        #expect(try reason(encoded.bytes, key: encoded.key.replacing("/03/01/", with: "/03/02/")) == "its envelope belongs to another key")
    }

    @Test(
        "an envelope that is not ours says why",
        arguments: [
            ("", "it has no envelope"),
            ("{}\n", "its envelope is not the JSON that we write"),
            ("[1]\n", "its envelope is not the JSON that we write"),
            (#"{"version":1}"# + "\n", "its envelope has no text exchange"),
            (#"{"version":2,"exchange":"x"}"# + "\n", "its envelope is of version 2"),
            (#"{"version":1.5}"# + "\n", "its envelope is not the JSON that we write"),
            (#"{"version":null}"# + "\n", "its envelope has a value that is neither text nor a whole number"),
            (#"{"version":1,"version":1}"# + "\n", "its envelope has two version"),
            (#"{"version":1} "# + "\n", "its envelope goes on after its end"),
            (#"{"url":"\u00e9"}"# + "\n", "its envelope has an escape that we do not write"),
            ("{\"url\":\"unfinished\n", "its envelope is not the JSON that we write"),
        ])
    func envelopes(content: String, expected: String) throws {
        #expect(try reason(packed(content)) == expected)
    }
}

@Suite("Milliseconds in UTC")
struct UTCMillisecondsTests {
    @Test("leap days, ends of years and centuries are what Foundation says")
    func days() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for day in stride(from: 0, to: 100_000, by: 1) {
            let time = UTCMilliseconds(count: day * 86_400_000 + 86_399_999)
            guard day % 97 == 0 || (10_900...11_100).contains(day) else { continue }
            let parts = calendar.dateComponents([.year, .month, .day], from: time.date)
            #expect(time.day == String(format: "%04d/%02d/%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0))
            #expect(UTCMilliseconds(text: time.text) == time)
        }
    }

    @Test(
        "only the one form is read", arguments: ["2024-02-30T00:00:00.000Z", "2024-02-29T24:00:00.000Z", "2024-02-29T00:00:00Z", "", "x"])
    func strict(text: String) { #expect(UTCMilliseconds(text: text) == nil) }

    @Test("no millisecond is lost on the way through a Date")
    func exact() {
        for count in [1_709_251_200_123, 1_709_251_200_999, 1, 999, 4_102_444_799_999] {
            #expect(UTCMilliseconds(UTCMilliseconds(count: count).date).count == count)
        }
    }
}
