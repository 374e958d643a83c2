import Jobs

extension JobEntry {
    static let ingestKlines = JobEntry(
        name: "ingest-klines", summary: "closed candles of every tracked market since the last run, into the lake",
        options: [.value("--pages", "N", "answers of one series in one run, from 1 to 1000 (default 10)"), .patience], requires: [.lake]
    ) { arguments, configuration in
        IngestKlines(
            try IngestSettings(arguments, configuration), pages: try arguments.int("--pages", default: 10, in: 1...1000))
    }

    static let ingestDepth = JobEntry(
        name: "ingest-depth", summary: "order books of every tracked market, into the lake", options: [.patience], requires: [.lake]
    ) { arguments, configuration in
        IngestDepth(try IngestSettings(arguments, configuration))
    }

    static let ingestTickers = JobEntry(
        name: "ingest-tickers", summary: "tickers of all tracked markets, into the lake", options: [.patience], requires: [.lake]
    ) { arguments, configuration in
        IngestTickers(try IngestSettings(arguments, configuration))
    }
}

extension Option {
    static let patience = Option.value(
        "--patience", "TIME", "for the whole run; what had no turn by then is the next one's (default 45s, of fill-gaps 30m)")
}

extension IngestSettings {
    init(_ arguments: Arguments, _ configuration: Configuration, patience: Duration = .seconds(45)) throws {
        self.init(
            venues: configuration.venues, lake: try configuration.lake(), timeout: configuration.httpTimeout,
            patience: try arguments.duration("--patience", in: .seconds(1) ... .seconds(86_400)) ?? patience)
    }
}
