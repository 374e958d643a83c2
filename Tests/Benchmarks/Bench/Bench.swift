import Foundation
import Lake
import Runtime
import TestSupport

/// What our own code costs: a line of JSON per figure.
///
/// `klines FILE` reads an answer of Binance. `lake OBJECTS BYTES` measures raw objects and the bucket `lake` of the S3 at `S3_ENDPOINT`. Anything else is the numerics.
@main
enum Bench {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "lake":
            guard arguments.count == 3, let objects = Int(arguments[1]), let bytes = Int(arguments[2]) else { exit("lake OBJECTS BYTES") }
            try lake(objects: objects, bytes: bytes)
        case "klines":
            guard arguments.count == 2 else { exit("klines FILE") }
            try ParseBenchmarks.klines(arguments[1]).report()
        default: try numerics(arguments)
        }
    }

    private static func exit(_ usage: String) -> Never {
        FileHandle.standardError.write(Data("usage: cryptogaf-bench \(usage)\n".utf8))
        Foundation.exit(64)
    }

    private static func lake(objects: Int, bytes: Int) throws {
        let environment = ProcessInfo.processInfo.environment
        let access = try S3Access(
            endpoint: environment["S3_ENDPOINT"], accessKey: environment["S3_ACCESS_KEY"] ?? "",
            secretKey: environment["S3_SECRET_KEY"] ?? "")
        let location = try LakeLocation(url: "s3://lake/ours", s3: access)
        for one in try LakeBenchmarks.rawObject() + LakeBenchmarks.store(location, objects: objects, bytes: bytes) { one.report() }
    }

    /// The argument is a file of samples of a busy random market, as `numerics_reference.py` writes it. Whole passes are measured where
    /// `PGHOST` names a Postgres with our schema.
    private static func numerics(_ arguments: [String]) throws {
        var markets: [(name: String, samples: CaptureSamples)] = []
        if Shared.isPresent { markets.append(("capture", try CaptureSamples.load())) }
        if let busy = arguments.first { markets.append(("busy", try CaptureSamples.load(busy))) }
        for size in [600, 64] { ImageBenchmarks.fields(size: size).report() }
        for (name, samples) in markets {
            for one in try ImageBenchmarks.png(name, samples) { one.report() }
        }
        guard ProcessInfo.processInfo.environment["PGHOST"] != nil else { return }
        // As the command does.
        ProcessMemory.keepFreed(pools: 1)
        let calculate = try CalculateBenchmarks()
        for (name, samples) in markets { try calculate.pass(name, samples).report() }
        if let (_, samples) = markets.last { try calculate.unchanged(samples).report() }
    }
}
