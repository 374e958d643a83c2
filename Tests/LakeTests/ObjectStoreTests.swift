import Foundation
import Lake
import TestSupport
import Testing

/// The contract, on every kind of store.
@Suite("Object stores")
struct ObjectStoreTests {
    /// Cases that are left out say nothing of themselves.
    @Test("the whole contract is asked of a server of S3 too", .enabled(if: S3Server.isPresent, "skipped: no rclone"))
    func asksS3() { #expect(Store.Kind.all.contains(.s3)) }

    @Test("an object comes back byte for byte", arguments: Store.Kind.all)
    func roundTrip(kind: Store.Kind) throws {
        let lake = try Store(kind)
        let store = try lake.open()
        for (index, bytes) in [[], [0], Array(0...255), [UInt8](repeating: 65, count: 3 << 20)].enumerated() {
            try store.put("binance/BTC-USDT/klines/2024/03/01/\(index).json.gz", bytes)
            #expect(try lake.open().get("binance/BTC-USDT/klines/2024/03/01/\(index).json.gz") == bytes)
        }
    }

    @Test("what is not there is missing, and removing it is fine", arguments: Store.Kind.all)
    func missing(kind: Store.Kind) throws {
        let lake = try Store(kind)
        let store = try lake.open()
        try store.put("a/b/c", [1])
        try store.remove("a/b/none")
        #expect(store.code(ofGet: "a/b") == .missing && store.code(ofGet: "a/b/c/d") == .missing && store.code(ofGet: "a") == .missing)
        try store.remove("a/b/c")
        #expect(store.code(ofGet: "a/b/c") == .missing)
        #expect(try store.keys() == [])
        try store.put("a/b/c", [2])
        #expect(try store.get("a/b/c") == [2])
    }

    @Test("the same bytes again are fine, others are a conflict and change nothing", arguments: Store.Kind.all)
    func immutable(kind: Store.Kind) throws {
        let lake = try Store(kind)
        let store = try lake.open()
        try store.put("a/b", [1, 2, 3])
        try store.put("a/b", [1, 2, 3])
        for other: [UInt8] in [[1, 2, 4], [1, 2], [], [1, 2, 3, 4]] { #expect(store.code(ofPut: "a/b", other) == .conflict) }
        #expect(try lake.open().get("a/b") == [1, 2, 3])
    }

    @Test("a listing is in the byte order of the keys, in pages that follow on each other", arguments: Store.Kind.all)
    func listing(kind: Store.Kind) throws {
        let lake = try Store(kind)
        let store = try lake.open()
        let keys = ["a+b/1", "a-b/1", "a.b/1", "a/1", "a/B", "a/b/1", "a/b/2", "a/b-c", "a/b=c", "a/b~", "a0/1", "aa/1", "b", "~z/1"]
        for result in store.putAll(keys.reversed().map { ($0, Array($0.utf8)) }) { try result.result.get() }
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try store.keys() == sorted)
        for limit in 1...(keys.count + 1) {
            let pages = try store.pages(limit: limit)
            #expect(pages.flatMap { $0 } == sorted)
            #expect(pages.allSatisfy { $0.count <= limit })
        }
        #expect(try store.keys(prefix: "a/") == sorted.filter { $0.hasPrefix("a/") })
        #expect(try store.keys(prefix: "a/b") == sorted.filter { $0.hasPrefix("a/b") })
        #expect(try store.keys(prefix: "a/b/") == ["a/b/1", "a/b/2"])
        #expect(try store.keys(prefix: "nothing") == [])
        for after in keys + ["a", "a/b/", "a/b/15", "zzz", "0"] {
            #expect(try store.keys(after: after) == sorted.filter { after.utf8.lexicographicallyPrecedes($0.utf8) }, "after \(after)")
            #expect(
                try store.keys(prefix: "a/b", after: after)
                    == sorted.filter { $0.hasPrefix("a/b") && after.utf8.lexicographicallyPrecedes($0.utf8) })
        }
    }

    @Test("many at once are answered each by itself, in order", arguments: Store.Kind.all)
    func batches(kind: Store.Kind) throws {
        let lake = try Store(kind)
        let store = try lake.open()
        try store.put("day/7", [0])
        let results = store.putAll((0..<200).map { ("day/\($0)", [UInt8(truncatingIfNeeded: $0)]) } + [("../x", [1]), ("day/0", [0])])
        #expect(results.map(\.key) == (0..<200).map { "day/\($0)" } + ["../x", "day/0"])
        for (index, result) in results.enumerated() {
            switch index {
            case 7: #expect(code(result.result) == .conflict)
            case 200: #expect(code(result.result) == .invalidKey)
            default: #expect(code(result.result) == nil)
            }
        }
        var found: [String: [UInt8]] = [:]
        var faults: [String: LakeError.Code] = [:]
        store.getAll((0..<202).map { "day/\($0)" } + ["//"]) { key, result in
            switch result {
            case .success(let bytes): found[key] = bytes
            case .failure(let error): faults[key] = error.code
            }
        }
        #expect(found.count == 200 && (0..<200).allSatisfy { found["day/\($0)"] == [UInt8(truncatingIfNeeded: $0 == 7 ? 0 : $0)] })
        #expect(faults == ["day/200": .missing, "day/201": .missing, "//": .invalidKey])
        #expect(store.removeAll(["day/1", "day/none", "/"]).map { code($0.result) } == [nil, nil, .invalidKey])
        #expect(try store.keys(limit: 300).count == 199)
    }

    @Test("what the reader throws ends the reading", arguments: Store.Kind.all)
    func stops(kind: Store.Kind) throws {
        struct Enough: Error {}
        let lake = try Store(kind)
        let store = try lake.open()
        for result in store.putAll((0..<50).map { ("a/\($0)", [1]) }) { try result.result.get() }
        var count = 0
        #expect(throws: Enough.self) {
            try store.getAll((0..<50).map { "a/\($0)" }) { _, _ throws(Enough) in
                count += 1
                if count == 10 { throw Enough() }
            }
        }
        #expect(count == 10)
        #expect(try store.get("a/49") == [1])
    }

    @Test(
        "a key that leaves its place or is none at all is refused before anything is asked",
        arguments: [
            "", "/", "/a", "a/", "a//b", "..", "a/../b", "./a", ".archive/a", "a/.b", "a b", "a\\b", "a?b", "a%2fb", "a\nb", "é", "-a",
            "+a",
        ]
            + [String(repeating: "a", count: 513), Array(repeating: "a", count: 13).joined(separator: "/")])
    func keys(key: String) throws {
        for kind in Store.Kind.all {
            let store = try Store(kind).open()
            #expect(store.code(ofPut: key) == .invalidKey && store.code(ofGet: key) == .invalidKey)
            #expect(throws: LakeError.self) { try store.remove(key) }
        }
    }

    @Test("the archive lies inside, and no listing of the lake shows it", arguments: Store.Kind.all)
    func archive(kind: Store.Kind) throws {
        let lake = try Store(kind)
        let (store, archive) = (try lake.open(), try lake.location.archive().open())
        try store.put("a/1", [1])
        try archive.put("a/2", [2])
        try archive.put("=/2", [2])
        #expect(try store.keys() == ["a/1"])
        #expect(try archive.keys() == ["=/2", "a/2"])
        #expect(try store.list(prefix: "", after: nil, limit: 1) == store.list(prefix: "a", after: nil, limit: 5))
    }

    @Test("two that write one key with the same bytes at once both end well", arguments: Store.Kind.all)
    func race(kind: Store.Kind) throws {
        let lake = try Store(kind)
        let location = lake.location
        for round in 0..<20 {
            let writers = (0..<3).map { _ in Background { try location.open().code(ofPut: "a/\(round)/b", [1, 2, 3]) } }
            #expect(try writers.map { try $0.value() } == [nil, nil, nil])
            #expect(try lake.open().get("a/\(round)/b") == [1, 2, 3])
        }
    }
}
