import API
import FoundationEssentials
import HTTP
import Postgres
import Testing

@Suite struct ImageRoutesTests {
    private struct Images: Decodable, Equatable {
        let midpoint: String?
        let png1: String?
        let png2: String?
        let png3: String?
        let png4: String?
        let size: Int
        let date: String?
    }

    private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    @Test("the predecessor's answer: midpoint as text, four images, size, and when it was drawn")
    func images() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        let response = try served.get("/api/gaf/image?product=BTC-USD")
        #expect(response.status == .ok)
        #expect(response.headers["Content-Type"] == "application/json")
        let images = try JSONDecoder().decode(Images.self, from: Data(response.body.contents))
        #expect(images.midpoint == "97163.505")
        #expect(images.png1 == base64("order"))
        #expect(images.png2 == base64("buy"))
        #expect(images.png3 == base64("sell"))
        #expect(images.png4 == base64("difference"))
        #expect(images.size == 21)
        let drawn = try served.connection.query("SELECT calculated_at FROM crypto_gaf.gafs").one().date(0)
        let told = try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(try #require(images.date))
        #expect(abs(told.timeIntervalSince(drawn)) < 0.001)
        #expect(response.text.hasPrefix(#"{"midpoint":"97163.505","png1":""#))
    }

    @Test("a product that is not drawn yet is answered with nulls and size 0, and has no PNG")
    func notDrawn() throws {
        let served = try Served()
        try served.add("NEW-USD")
        let response = try served.get("/api/gaf/image?product=NEW-USD")
        #expect(response.status == .ok)
        #expect(response.text == #"{"midpoint":null,"png1":null,"png2":null,"png3":null,"png4":null,"size":0,"date":null}"#)
        #expect(response.headers["ETag"] == nil)
        #expect(try served.get("/api/gaf/image.png?product=NEW-USD&kind=buy").status == .notFound)
    }

    @Test("a predecessor's row without a time has no date, and still an ETag")
    func undated() throws {
        let served = try Served()
        try served.draw("OLD-USD")
        try served.connection.execute("UPDATE crypto_gaf.gafs SET calculated_at = NULL, buy_image = buy_image")
        try served.connection.run(
            script: "ALTER TABLE crypto_gaf.gafs DISABLE TRIGGER ALL; UPDATE crypto_gaf.gafs SET calculated_at = NULL")
        let response = try served.get("/api/gaf/image?product=OLD-USD")
        #expect(response.text.hasSuffix(#""date":null}"#))
        #expect(try #require(response.headers["ETag"]).hasSuffix("-0-all\""))
        #expect(response.headers["Last-Modified"] == nil)
    }

    @Test(
        "each kind is its own image",
        arguments: [
            ("orderbook", "order"), ("buy", "buy"), ("sell", "sell"), ("midpoint-summation", "sum"), ("midpoint-difference", "difference"),
        ])
    func kinds(kind: String, content: String) throws {
        let served = try Served()
        try served.draw("coinbase:ETH/USD")
        let response = try served.get("/api/gaf/image.png?product=coinbase:ETH%2FUSD&kind=\(kind)")
        #expect(response.status == .ok)
        #expect(response.text == content)
        #expect(response.headers["Content-Type"] == "image/png")
        #expect(response.headers["Cache-Control"] == "no-cache")
        #expect(try #require(response.headers["ETag"]).hasSuffix("-\(kind)\""))
    }

    @Test("an ETag holds until the next drawing, by whichever program, and the 304 carries it")
    func conditions() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        for target in ["/api/gaf/image?product=BTC-USD", "/api/gaf/image.png?product=BTC-USD&kind=sell"] {
            let first = try served.get(target)
            let tag = try #require(first.headers["ETag"])
            for header in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
                let second = try served.get(target, ["If-None-Match": header])
                #expect(second.status == .notModified)
                #expect(second.body.count == 0)
                #expect(second.headers["ETag"] == tag)
                #expect(second.headers["Cache-Control"] == "no-cache")
            }
            let date = try #require(first.headers["Last-Modified"])
            #expect(try served.get(target, ["If-Modified-Since": date]).status == .notModified)
            // As the old worker does: one UPDATE that knows nothing of versions.
            try served.connection.execute("UPDATE crypto_gaf.gafs SET size = 22 WHERE product = 'BTC-USD'")
            let third = try served.get(target, ["If-None-Match": tag])
            #expect(third.status == .ok)
            #expect(third.headers["ETag"] != tag)
        }
    }

    @Test("the 304 is answered without reading the image")
    func cheapCondition() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        let target = "/api/gaf/image.png?product=BTC-USD&kind=buy"
        let tag = try #require(try served.get(target).headers["ETag"])
        // An image that cannot be decoded would fail, if anybody looked at it.
        try served.connection.run(
            script:
                "ALTER TABLE crypto_gaf.gafs DISABLE TRIGGER ALL; UPDATE crypto_gaf.gafs SET buy_image = '!'; ALTER TABLE crypto_gaf.gafs ENABLE TRIGGER ALL"
        )
        #expect(try served.get(target, ["If-None-Match": tag]).status == .notModified)
        let full = try served.get(target)
        #expect(full.status == .internalServerError)
        #expect("\(try #require(full.failure))" == "the buy image of BTC-USD in crypto_gaf.gafs is not base64")
    }

    @Test("what is no base64 in an image column cannot break the JSON")
    func quotes() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        let odd = "a\"b\\c\n\u{1}€"
        try served.connection.execute("UPDATE crypto_gaf.gafs SET buy_image = \(odd)")
        #expect(try served.json("/api/gaf/image?product=BTC-USD", Images.self).png2 == odd)
    }

    @Test("an unknown product is a 404, and SQL in a name is just a name")
    func unknown() throws {
        let served = try Served()
        let name = "x'; DROP TABLE crypto_gaf.gafs; --"
        let target = "/api/gaf/image?product=x%27;%20DROP%20TABLE%20crypto_gaf.gafs;%20--"
        let response = try served.get(target)
        #expect(response.status == .notFound)
        #expect(response.text.contains("there is no product \\\"\(name)\\\""))
        try served.draw(name)
        #expect(try served.get(target).status == .ok)
        #expect(try served.get("/api/gaf/image.png?product=BTC-USD&kind=buy").status == .notFound)
    }

    @Test(
        "malformed parameters are a 400 that names the parameter",
        arguments: [
            ("/api/gaf/image", "product"), ("/api/gaf/image?product=", "product"), ("/api/gaf/image?product=a&product=b", "product"),
            ("/api/gaf/image?product=a:", "product"), ("/api/gaf/image?product=%01", "product"), ("/api/gaf/image.png?product=a", "kind"),
            ("/api/gaf/image.png?product=a&kind=Buy", "kind"), ("/api/gaf/image.png?kind=buy", "product"),
            ("/api/gaf/image?product=" + String(repeating: "a", count: 101), "product"),
        ])
    func malformed(target: String, parameter: String) throws {
        struct Told: Decodable { let parameter: String }
        let served = try Served()
        #expect(try served.get(target).status == .badRequest)
        #expect(try served.json(target, Told.self).parameter == parameter)
    }

    @Test("HEAD has the headers of GET")
    func head() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        let target = "/api/gaf/image.png?product=BTC-USD&kind=buy"
        let (head, get) = (try served.get(target, method: .head), try served.get(target))
        #expect(head.headers.fields.map { "\($0.name): \($0.value)" } == get.headers.fields.map { "\($0.name): \($0.value)" })
        #expect(head.body.count == get.body.count)
    }
}
