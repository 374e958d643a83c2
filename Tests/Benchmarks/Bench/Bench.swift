import TestSupport

/// What the numerics cost. Arguments: a file of samples of a busy random market, as `numerics_reference.py` writes it.
@main
enum Bench {
    static func main() throws {
        for size in [600, 64] { ImageBenchmarks.fields(size: size).report() }
        if Shared.isPresent { for one in try ImageBenchmarks.png("capture", CaptureSamples.load()) { one.report() } }
        if let busy = CommandLine.arguments.dropFirst().first {
            for one in try ImageBenchmarks.png("busy", CaptureSamples.load(busy)) { one.report() }
        }
    }
}
