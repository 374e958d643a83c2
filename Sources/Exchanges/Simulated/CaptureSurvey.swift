import FoundationEssentials
import Glibc
import Market

/// What a capture holds, found by reading it through once: whose feed it is, when it begins and ends, and which products have a
/// book in it.
struct CaptureSurvey {
    /// Those that hold messages of the feed.
    private(set) var files: [CaptureFile] = []
    /// When the first and the last message were received, in nanoseconds since 1970.
    let start: Int64
    let end: Int64
    /// By symbol.
    let products: [SimulatedProduct]

    /// How long it lasts, in nanoseconds.
    var span: Int64 { end - start }

    /// - Parameters:
    ///   - paths: files of one venue's feed, such as one for each connection; a folder stands for all files right in it.
    ///   - report: is told of each line that is none of a capture; messages are checked when they are replayed.
    init(paths: [String], report: (CaptureFault) -> Void) throws(CaptureError) {
        var found = Findings()
        for path in paths {
            for file in try Self.files(at: path) {
                guard let format = try found.read(file, report: report) else { continue }
                files.append(CaptureFile(path: file, format: format))
            }
        }
        let path = paths.joined(separator: ", ")
        if let first = files.first, let other = files.first(where: { $0.format != first.format }) {
            throw CaptureError(path: path, .venues(first.format.rawValue, other.format.rawValue))
        }
        guard let times = found.times, !found.aggregations.isEmpty else { throw CaptureError(path: path, .noSnapshot) }
        (start, end) = times
        products = found.aggregations.sorted { $0.key < $1.key }.map { SimulatedProduct(symbol: $0.key, aggregation: $0.value) }
    }

    /// By name, without those that begin with a dot.
    private static func files(at path: String) throws(CaptureError) -> [String] {
        var isDirectory = false
        let manager = FileManager.default
        guard manager.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory else { return [path] }
        guard let names = try? manager.contentsOfDirectory(atPath: path) else { throw CaptureError(path: path, .unreadable(code: EACCES)) }
        return names.filter { !$0.hasPrefix(".") }.sorted().map { "\(path)/\($0)" }
            .filter { manager.fileExists(atPath: $0, isDirectory: &isDirectory) && !isDirectory }
    }

    /// 5 in the fourth digit of the price: 0.0005 at 0.79, some tenths of a percent at most.
    static func aggregation(for price: Decimal) -> Decimal {
        guard price > 0 else { return 1 }
        var unit = Decimal(1)
        while unit > price { unit /= 10 }
        while unit * 10 <= price { unit *= 10 }
        return unit * 5 / 1000
    }
}

/// What the files hold that were read so far.
private struct Findings {
    var times: (start: Int64, end: Int64)?
    var aggregations: [String: Decimal] = [:]

    /// Whose feed the file holds; nil: nobody's.
    mutating func read(_ path: String, report: (CaptureFault) -> Void) throws(CaptureError) -> CaptureFormat? {
        let reader = try CaptureReader(path: path)
        var format: CaptureFormat?
        var first: Int64?
        while let line = try reader.next() {
            guard let parsed = CaptureLine(line) else {
                report(CaptureFault(path: path, line: reader.lineNumber, kind: .lineLeftOut, reason: "no line of a capture"))
                continue
            }
            guard case .received(let time, let json) = parsed else { continue }
            // A line that claims to be from before the first of its file does not move the beginning.
            first = first ?? time
            times = (min(first ?? time, times?.start ?? time), max(time, times?.end ?? time))
            format = format ?? CaptureFormat(recognizing: json)
            guard let format, json.holds(format.snapshotMark), case .snapshot(let levels)? = try? format.decode(json) else { continue }
            let price = (levels.asks.first ?? levels.bids.first)?.level.price ?? 1
            aggregations[levels.product] = aggregations[levels.product] ?? CaptureSurvey.aggregation(for: price)
        }
        return format
    }
}
