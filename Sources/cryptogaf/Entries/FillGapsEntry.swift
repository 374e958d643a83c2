import Jobs

extension JobEntry {
    static let fillGaps = JobEntry(
        name: "fill-gaps", summary: "accounts for every candle of every tracked market: fetches what is missing, notes why the rest is",
        options: [
            .value("--pages", "N", "answers of one series in one run, from 1 to 100000 (default 1000)"), .patience,
            .flag("--dry-run", "only count what is missing, and what would be asked for"),
        ], requires: [.lake]
    ) { arguments, configuration in
        FillGaps(
            try IngestSettings(arguments, configuration, patience: .seconds(1800)),
            pages: try arguments.int("--pages", default: 1000, in: 1...100_000), isDryRun: arguments.flag("--dry-run"))
    }
}
