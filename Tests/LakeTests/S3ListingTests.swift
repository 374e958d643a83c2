import Curl
import Foundation
import Runtime
import Testing

@testable import Lake

@Suite("S3 listings and addresses")
struct S3ListingTests {
    private func page(_ entries: String, isTruncated: Bool = false, prefix: String = "p/") throws -> ObjectPage {
        let document =
            "<?xml version=\"1.0\"?>\n<!-- a --><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
            + "<Name>lake</Name><IsTruncated>\(isTruncated)</IsTruncated>\(entries)<Empty a=\"b\"/></ListBucketResult>\n"
        return try S3Listing.page(Array(document.utf8), prefix: prefix)
    }

    private func entry(_ key: String) -> String {
        "<Contents>\n<Key>\(key)</Key><LastModified>some day</LastModified><Size>5</Size><Owner><ID>x</ID></Owner></Contents>"
    }

    @Test("objects come without the bucket's prefix, and what is no key of ours is passed over")
    func objects() throws {
        let found = try page(
            entry("p/a/1") + entry("p/x &amp; y") + entry("p/a/2") + entry("p/z&#x41;&#66;") + entry("p/&#10;"), isTruncated: true)
        #expect(found.keys == ["a/1", "a/2", "zAB"])
        #expect(found.next == "\n")
        #expect(try page("") == ObjectPage(keys: [], next: nil))
        #expect(try page(entry("p/a")) == ObjectPage(keys: ["a"], next: nil))
    }

    @Test(
        "a key that is not below the prefix, or none at all, is no listing of ours",
        arguments: ["<Key>q/a</Key>", "<Key/>", "<Size>5</Size>", ""])
    func foreign(content: String) {
        #expect(throws: XMLFault.self) { try page("<Contents>\(content)</Contents>") }
        #expect(throws: XMLFault.self) { try page("", isTruncated: true) }
    }

    @Test(
        "what is no whole document of plain XML is refused",
        arguments: [
            "", "<a>", "<a></b>", "<a></a><b/>", "<a>&x;</a>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a><![CDATA[x]]></a>", "x<a/>",
            "<a b></a>", "<a b=c></a>", String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100), "<a>\u{0}",
        ])
    func malformed(document: String) {
        #expect(throws: XMLFault.self) { try XMLElement(Array(document.utf8)) }
    }

    @Test("Amazon's buckets are in the host's name, those of others in the path, and a query is sorted and encoded")
    func addresses() throws {
        let amazon = try S3Access(region: "eu-central-1", accessKey: "a", secretKey: "b")
        let other = try S3Access(endpoint: "http://127.0.0.1:9000/", accessKey: "a", secretKey: "b")
        #expect(
            S3Bucket(name: "lake", prefix: "", access: amazon).url(of: "a/b=c+d")
                == "https://lake.s3.eu-central-1.amazonaws.com/a/b%3Dc%2Bd")
        #expect(S3Bucket(name: "my.lake", prefix: "p/", access: amazon).url(of: "a") == "https://s3.eu-central-1.amazonaws.com/my.lake/p/a")
        #expect(
            S3Bucket(name: "lake", prefix: "p/", access: other).listURL(prefix: "a/", after: "a/b", limit: 7)
                == "http://127.0.0.1:9000/lake?list-type=2&max-keys=7&prefix=p%2Fa%2F&start-after=p%2Fa%2Fb")
        #expect(
            S3Bucket(name: "lake", prefix: "", access: amazon).listURL(prefix: "", after: "/", limit: 1000)
                == "https://lake.s3.eu-central-1.amazonaws.com/?list-type=2&max-keys=1000&start-after=%2F")
    }

    @Test("Amazon's own conditions are trusted: one request for a put")
    func conditions() throws {
        func request(_ access: S3Access) -> Request {
            S3Operation(.put([1]), key: "a", bucket: S3Bucket(name: "lake", prefix: "", access: access), backoff: Backoff()).request
        }
        let amazon = try request(S3Access(accessKey: "a", secretKey: "b"))
        #expect(amazon.method == .put && amazon.headers.contains(Header("If-None-Match", "*")))
        #expect(try request(S3Access(endpoint: "http://127.0.0.1:9000", accessKey: "a", secretKey: "b")).method == .get)
    }

    @Test("neither a location nor what opens it shows a key")
    func secrets() throws {
        let access = try S3Access(endpoint: "http://u:pass@h", accessKey: "AKID", secretKey: "hunter2", sessionToken: "token3")
        let location = try LakeLocation(url: "s3://lake/p", s3: access)
        var text = ""
        dump((access, location), to: &text)
        text += "\(access) \(location) \(String(reflecting: location)) \(location.archive())"
        for secret in ["AKID", "hunter2", "token3", "pass"] { #expect(!text.contains(secret), "\(text)") }
    }

    @Test("an archive inside the lake where a listing would show it is recognised")
    func overlaps() throws {
        func location(_ url: String) throws -> LakeLocation { try LakeLocation(url: url) }
        let lake = try location("file:///data/lake")
        #expect(try lake.overlaps(location("file:///data/lake")) && lake.overlaps(location("file:///data/lake/archive")))
        #expect(try lake.overlaps(location("file:///data")))
        #expect(try !lake.overlaps(location("file:///data/lake-archive")) && !lake.overlaps(lake.archive()))
    }
}
