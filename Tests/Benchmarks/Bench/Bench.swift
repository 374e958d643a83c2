import Foundation
import TestSupport

/// What the numerics cost: a line of JSON per figure. The argument is a file of samples of a busy random market, as
/// `numerics_reference.py` writes it. Whole passes are measured where `PGHOST` names a Postgres with our schema.
@main
enum Bench {
    static func main() throws {
        var markets: [(name: String, samples: CaptureSamples)] = []
        if Shared.isPresent { markets.append(("capture", try CaptureSamples.load())) }
        if let busy = CommandLine.arguments.dropFirst().first { markets.append(("busy", try CaptureSamples.load(busy))) }
        for size in [600, 64] { ImageBenchmarks.fields(size: size).report() }
        for (name, samples) in markets {
            for one in try ImageBenchmarks.png(name, samples) { one.report() }
        }
        guard ProcessInfo.processInfo.environment["PGHOST"] != nil else { return }
        let calculate = try CalculateBenchmarks()
        for (name, samples) in markets { try calculate.pass(name, samples).report() }
        if let (_, samples) = markets.last { try calculate.unchanged(samples).report() }
    }
}
