import Jobs

extension JobEntry {
    static let aggregate = JobEntry(
        name: "aggregate", summary: "hours and days from one-minute candles: those whose minutes changed since the last run",
        options: [
            .flag("--rebuild", "roll up every hour that has candles, touched or not"),
            .value("--from", "TIME", "with --rebuild: from this day or time on (UTC), such as 2026-01-31T10:00Z"),
            .value("--to", "TIME", "with --rebuild: before this time"),
        ]
    ) { arguments, _ in
        let (from, to) = (try arguments.time("--from"), try arguments.time("--to"))
        guard arguments.flag("--rebuild") else {
            if from != nil || to != nil { throw UsageError("--from and --to go with --rebuild") }
            return AggregateJob()
        }
        if let from, let to, from >= to { throw UsageError("--from must be before --to") }
        return AggregateJob(rebuild: .hours(from: from, to: to))
    }
}
