import Deflate
import Foundation
import TestSupport
import Testing

@Suite("Gzip files")
struct GzipTests {
    /// Rows as venues send them: digits that differ and frames that repeat.
    static let rows = Array(
        (0..<1000).map { "[\(1_600_000_000_000 + $0 * 60_000),\"\($0 * 7919 % 10_007).\($0 % 10)\"]" }.joined(separator: ",").utf8)

    @Test("what was packed comes back", arguments: [0, 1, 2, 100, 32_767, 32_768, 65_535, 65_536, 1_000_000])
    func roundTrip(length: Int) throws {
        var random = SystemRandomNumberGenerator()
        let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        let text = (0..<length).map { Self.rows[$0 % Self.rows.count] }
        for bytes in [noise, text] {
            #expect(try Gzip.decompress(#require(Gzip.compress(bytes)), limit: length) == bytes)
        }
    }

    @Test("gzip itself reads it, and we read what gzip writes")
    func gzipProgram() throws {
        let folder = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(try #require(Gzip.compress(Self.rows))).write(to: URL(fileURLWithPath: "\(folder)/ours.gz"))
        try Data(Self.rows).write(to: URL(fileURLWithPath: "\(folder)/theirs"))
        #expect(try Subprocess.run("/usr/bin/gzip", ["-d", "\(folder)/ours.gz"]).status == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/ours")) == Data(Self.rows))
        #expect(try Subprocess.run("/usr/bin/gzip", ["\(folder)/theirs"]).status == 0)
        let theirs = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/theirs.gz"))
        #expect(try Gzip.decompress(Array(theirs), limit: 1 << 20) == Self.rows)
    }

    @Test("equal bytes become equal files, whatever the memory held before")
    func deterministic() throws {
        let first = try #require(Gzip.compress(Self.rows))
        #expect(first.count < Self.rows.count / 3)
        #expect(Array(first[4..<8]) == [0, 0, 0, 0], "the time")
        var compressor = Compressor(.gzip)
        for round in 0..<20 {
            _ = compressor.compress([UInt8](repeating: UInt8(round), count: 100_000 * round))
            #expect(compressor.compress(Self.rows) == first)
            #expect(Gzip.compress(Self.rows) == first)
        }
    }

    @Test("a file cut at any byte, or with any byte changed, is an error")
    func damage() throws {
        let file = try #require(Gzip.compress(Array(Self.rows.prefix(2000))))
        for length in 0..<file.count {
            #expect(throws: GzipError.self) { try Gzip.decompress(Array(file.prefix(length)), limit: 1 << 20) }
        }
        // The others of the first ten tell how, when and by what system it was packed.
        for position in [0, 1, 2] + Array(10..<file.count) {
            var changed = file
            changed[position] ^= 0x41
            #expect(throws: GzipError.self, "byte \(position)") { try Gzip.decompress(changed, limit: 1 << 20) }
        }
    }

    @Test("what is wrong is told apart")
    func reasons() throws {
        let bytes = Array("a body of some length that is packed".utf8)
        let file = try #require(Gzip.compress(bytes))
        func reason(_ file: [UInt8], limit: Int = 1 << 20) -> GzipError? {
            do {
                _ = try Gzip.decompress(file, limit: limit)
                return nil
            } catch { return error }
        }
        #expect(reason(file, limit: bytes.count) == nil)
        #expect(reason(file, limit: bytes.count - 1) == .tooLong(limit: bytes.count - 1))
        #expect(reason(file.dropLast()) == .truncated)
        #expect(reason(bytes) == .notGzip && reason([]) == .notGzip)
        #expect(reason(file + file) == .trailing)
        #expect(reason(file + [0]) != nil)
        var changed = file
        changed[file.count - 8] ^= 1
        #expect(reason(changed) == .checksum)
    }

    @Test("a file that claims to be huge is not believed")
    func claim() throws {
        var file = try #require(Gzip.compress([1, 2, 3]))
        file.replaceSubrange((file.count - 4)..., with: [0xff, 0xff, 0xff, 0xff])
        #expect(throws: GzipError.checksum) { try Gzip.decompress(file, limit: 1 << 20) }
        let zeros = try #require(Gzip.compress([UInt8](repeating: 0, count: 10 << 20)))
        #expect(throws: GzipError.tooLong(limit: 1 << 20)) { try Gzip.decompress(zeros, limit: 1 << 20) }
    }
}
