import HTTP
import Testing

@Suite struct ConditionTests {
    @Test(
        "reads If-None-Match lists of strong and weak tags",
        arguments: [
            (#""a""#, ["\"a\""]), (#"W/"a""#, ["W/\"a\""]), (#""a", W/"b" ,"c""#, ["\"a\"", "W/\"b\"", "\"c\""]), (#" "" "#, ["\"\""]),
            (#", "a",, "b","#, ["\"a\"", "\"b\""]), (#""a,b""#, ["\"a,b\""]),
        ])
    func lists(header: String, tags: [String]) throws {
        guard case .tags(let found) = try #require(EntityTagList(header)) else {
            Issue.record("not a list")
            return
        }
        #expect(found.map(\.description) == tags)
    }

    @Test("what is not such a list is no condition", arguments: ["", "a", "\"a", "w/\"a\"", "\"a\" \"b\"", "*, \"a\"", "\"a b\"", ","])
    func notLists(header: String) {
        #expect(EntityTagList(header) == nil)
    }

    @Test("tags compare weakly, as nginx weakens those of compressed answers")
    func compares() throws {
        let tag = try #require(EntityTag("7-x"))
        #expect(EntityTagList("*")?.contains(tag) == true)
        #expect(EntityTagList("\"6-x\", W/\"7-x\"")?.contains(tag) == true)
        #expect(EntityTagList("\"7-X\"")?.contains(tag) == false)
        #expect(EntityTag("a\"b") == nil)
    }

    @Test(
        "formats and reads dates",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ])
    func dates(seconds: Int, text: String) {
        #expect(HTTPDate.format(unixSeconds: seconds) == text)
        #expect(HTTPDate.parse(text) == seconds)
    }

    @Test(
        "other dates are not read",
        arguments: [
            "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49 GMT", "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 +8:49:37 GMT",
        ])
    func otherDates(text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }

    @Test("tags go before dates, and an unreadable tag is answered in full")
    func precedence() throws {
        let validators = Validators(tag: try #require(EntityTag("2")), modified: 784_111_777)
        func isCurrent(_ headers: Headers) throws -> Bool { validators.isCurrent(in: try Request(.get, "/", headers: headers)) }
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(try isCurrent(["If-None-Match": "\"2\""]))
        #expect(try !isCurrent(["If-None-Match": "\"1\"", "If-Modified-Since": date]))
        #expect(try !isCurrent(["If-None-Match": "garbage", "If-Modified-Since": date]))
        #expect(try isCurrent(["If-Modified-Since": date]))
        #expect(try !isCurrent(["If-Modified-Since": "Sun, 06 Nov 1994 08:49:38 GMT"]))
        #expect(try !isCurrent(["If-Modified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"]))
        #expect(try !isCurrent([:]))
        var response = Response()
        validators.apply(to: &response)
        #expect(response.headers["ETag"] == "\"2\"")
        #expect(response.headers["Last-Modified"] == date)
    }
}
