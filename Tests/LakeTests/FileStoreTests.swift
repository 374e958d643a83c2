import Foundation
import Lake
import TestSupport
import Testing

@Suite("Lake in a folder")
struct FileStoreTests {
    @Test("a temporary file that a crash left is never listed or read, and goes when it is old")
    func leftovers() throws {
        let lake = try Store(.file)
        try lake.open().put("a/1", [1])
        let incoming = "\(lake.lake)/.incoming"
        for name in ["old", "new"] { try Data([1, 2]).write(to: URL(fileURLWithPath: "\(incoming)/\(name)")) }
        try FileManager.default.setAttributes([.modificationDate: Date() - 7200], ofItemAtPath: "\(incoming)/old")
        let store = try lake.open()
        #expect(try store.keys() == ["a/1"])
        try store.put("a/2", [2])
        #expect(try store.keys() == ["a/1", "a/2"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: incoming) == ["new"])
    }

    @Test("files of others in the folder are left alone and not listed")
    func foreign() throws {
        let lake = try Store(.file)
        let store = try lake.open()
        try store.put("a/1", [1])
        for name in ["README file", ".hidden", "a/x y", "a/.swp"] { try Data([1]).write(to: URL(fileURLWithPath: "\(lake.lake)/\(name)")) }
        #expect(try store.keys() == ["a/1"])
        try store.remove("a/1")
        #expect(FileManager.default.fileExists(atPath: "\(lake.lake)/a/x y"))
    }

    @Test("an empty folder goes with its last object")
    func emptyFolders() throws {
        let lake = try Store(.file)
        let store = try lake.open()
        try store.put("a/b/c/1", [1])
        try store.put("a/2", [1])
        try store.remove("a/b/c/1")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(lake.lake)/a") == ["2"])
    }

    @Test("writers and removers of one folder do not trip over each other")
    func vanishingFolder() throws {
        let lake = try Store(.file)
        let location = lake.location
        let workers = (0..<4).map { worker in
            Background {
                let store = try location.open()
                for round in 0..<200 {
                    try store.put("a/b/c/\(worker)", [UInt8(worker)])
                    try store.remove("a/b/c/\(worker)")
                    _ = round
                }
            }
        }
        for worker in workers { try worker.value() }
        #expect(try lake.open().keys() == [])
    }

    @Test("of those that write one key with different bytes at once, one wins whole, and the others are told")
    func race() throws {
        let lake = try Store(.file)
        let location = lake.location
        for round in 0..<50 {
            let writers = ([1, 1, 2] as [UInt8]).map { byte in
                Background { try location.open().code(ofPut: "a/\(round)/b", [UInt8](repeating: byte, count: 5000)) }
            }
            let codes = try writers.map { try $0.value() }
            let kept = try #require(lake.open().get("a/\(round)/b").first)
            #expect(codes == (kept == 1 ? [nil, nil, .conflict] : [.conflict, .conflict, nil]))
        }
    }

    @Test("a lake is begun, and its own folder made, but not the one it stands in; begun again it stays as it is")
    func root() throws {
        let folder = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let location = try LakeLocation(url: "file://\(folder)/lake/")
        try location.begin()
        try location.open().put("a", [1])
        try location.begin()
        #expect(try location.open().get("a") == [1])
        let error = #expect(throws: LakeError.self) { try LakeLocation(url: "file://\(folder)/no/lake").begin() }
        #expect(error?.code == .invalidLocation && error?.message == "cannot make \(folder)/no/lake: No such file or directory")
    }

    @Test("a folder that no lake was begun in gives and takes nothing", arguments: [true, false])
    func notBegun(exists: Bool) throws {
        let folder = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try LakeLocation(url: "file://\(folder)" + (exists ? "" : "/lake")).open()
        // Not empty: all objects would seem to have been removed.
        let error = #expect(throws: LakeError.self) { try store.keys() }
        #expect(error?.code == .unavailable && error?.message.hasPrefix("there is no lake in \(folder)") == true)
        // Not missing: that would be an object lost.
        #expect(store.code(ofGet: "a") == .unavailable && store.code(ofPut: "a") == .unavailable)
        #expect(store.removeAll(["a"]).map { code($0.result) } == [.unavailable])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        let lake = try Store(.file)
        #expect(try lake.open().code(ofGet: "a") == .missing)
    }

    @Test("when the lake's disk goes from under an open store, that says so, and puts nothing in its place")
    func vanished() throws {
        let lake = try Store(.file)
        let store = try lake.open()
        try store.put("a/1", [1])
        let aside = "\(lake.folder)/aside"
        try FileManager.default.moveItem(atPath: lake.lake, toPath: aside)
        try FileManager.default.createDirectory(atPath: lake.lake, withIntermediateDirectories: false)
        for store in [store, try lake.open()] {
            #expect(store.code(ofPut: "a/1") == .unavailable && store.code(ofGet: "a/1") == .unavailable)
            #expect(throws: LakeError.self) { try store.keys() }
            #expect(store.putAll([("a/2", [2]), ("b", [3])]).map { code($0.result) } == [.unavailable, .unavailable])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: lake.lake) == [])
        try FileManager.default.removeItem(atPath: lake.lake)
        try FileManager.default.moveItem(atPath: aside, toPath: lake.lake)
        try store.put("a/2", [2])
        #expect(try store.keys() == ["a/1", "a/2"])
    }

    @Test(
        "a full disk is said to be full, leaves nothing behind, and is no trouble once there is room",
        .enabled(if: SmallDisk.isPossible, "skipped: not root"))
    func full() throws {
        let disk = try SmallDisk(megabytes: 4)
        let location = try LakeLocation(url: "file://\(disk.path)/lake")
        try location.begin()
        let store = try location.open()
        try store.put("a/1", [1])
        try disk.fill()
        let error = #expect(throws: LakeError.self) { try store.put("a/2", [UInt8](repeating: 2, count: 1 << 20)) }
        #expect(
            error?.code == .full
                && error?.message.hasPrefix("no room is left to write \(disk.path)/lake/") == true)
        #expect(store.putAll([("a/3", [UInt8](repeating: 2, count: 1 << 20)), ("a/1", [1])]).map { code($0.result) } == [.full, .full])
        #expect(try store.keys() == ["a/1"] && store.get("a/1") == [1])
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(disk.path)/lake/.incoming") == [])
        try disk.makeRoom()
        try store.put("a/2", [2])
        #expect(try store.keys() == ["a/1", "a/2"])
    }

    @Test("a read-only disk can be read, and says so to a writer", .enabled(if: SmallDisk.isPossible, "skipped: not root"))
    func readOnly() throws {
        let disk = try SmallDisk(megabytes: 4)
        let location = try LakeLocation(url: "file://\(disk.path)/lake")
        try location.begin()
        try location.open().put("a/1", [1])
        #expect(try Subprocess.run("/usr/bin/mount", ["-o", "remount,ro", disk.path]).status == 0)
        let store = try location.open()
        #expect(try store.keys() == ["a/1"] && store.get("a/1") == [1])
        #expect(store.code(ofPut: "a/2") == .readOnly)
        #expect(throws: LakeError.self) { try store.remove("a/1") }
        #expect(store.removeAll(["a/1"]).map { code($0.result) } == [.readOnly])
    }

    @Test(
        "only an absolute folder or a bucket is a lake",
        arguments: [
            "", "lake", "/lake", "file://lake", "file:///", "file://", "http://x/y", "s3:/x", "s3://", "s3:///x", "file:///a//b",
            "file:///a/../b", "file:///a b", "s3://bucket/./x",
        ])
    func locations(url: String) {
        let error = #expect(throws: LakeError.self) { try LakeLocation(url: url) }
        #expect(error?.code == .invalidLocation)
    }
}
