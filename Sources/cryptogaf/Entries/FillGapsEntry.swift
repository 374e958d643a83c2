import Jobs

extension JobEntry {
    private static let patience = Duration.seconds(1800)

    static let fillGaps = JobEntry(
        name: "fill-gaps", summary: "accounts for every candle of every tracked market: fetches what is missing, notes why the rest is",
        options: [
            .value("--pages", "N", "answers of one series in one run, from 1 to 100000 (default \(FillGaps.pages))"),
            .patience(default: patience),
            .flag("--dry-run", "only count what is missing, and what would be asked for"),
        ], requires: [.lake]
    ) { arguments, configuration in
        FillGaps(
            try IngestSettings(arguments, configuration, patience: patience),
            pages: try arguments.int("--pages", default: FillGaps.pages, in: 1...100_000), isDryRun: arguments.flag("--dry-run"))
    }
}
