import Jobs

extension JobEntry {
    /// So that a run is over before the next minute's.
    private static let patience = Duration.seconds(45)

    static let ingestKlines = JobEntry(
        name: "ingest-klines", summary: "closed candles of every tracked market since the last run, into the lake",
        options: [
            .value("--pages", "N", "answers of one series in one run, from 1 to 1000 (default \(IngestKlines.pages))"),
            .patience(default: patience),
        ], requires: [.lake]
    ) { arguments, configuration in
        IngestKlines(
            try IngestSettings(arguments, configuration, patience: patience),
            pages: try arguments.int("--pages", default: IngestKlines.pages, in: 1...1000))
    }

    static let ingestDepth = JobEntry(
        name: "ingest-depth", summary: "order books of every tracked market, into the lake", options: [.patience(default: patience)],
        requires: [.lake]
    ) { arguments, configuration in
        IngestDepth(try IngestSettings(arguments, configuration, patience: patience))
    }

    static let ingestTickers = JobEntry(
        name: "ingest-tickers", summary: "tickers of all tracked markets, into the lake", options: [.patience(default: patience)],
        requires: [.lake]
    ) { arguments, configuration in
        IngestTickers(try IngestSettings(arguments, configuration, patience: patience))
    }
}

extension Option {
    static func patience(default fallback: Duration) -> Option {
        .value("--patience", "TIME", "for the whole run; what had no turn by then is the next one's (default \(fallback.text))")
    }
}

extension IngestSettings {
    init(_ arguments: Arguments, _ configuration: Configuration, patience: Duration) throws {
        self.init(
            venues: configuration.venues, lake: try configuration.lake(), timeout: configuration.httpTimeout,
            patience: try arguments.duration("--patience", in: .seconds(1) ... .seconds(86_400)) ?? patience)
    }
}
