import Jobs

extension JobEntry {
    static let maintain = JobEntry(
        name: "maintain",
        summary: "months of facts made ahead; raw objects, old months and old logs moved on or removed; runs that died marked",
        options: Retention.options + [.flag("--dry-run", "say what there is to do, and do nothing")], requires: [.lake]
    ) { arguments, configuration in
        MaintainJob(
            try configuration.retention.overridden(by: arguments), live: try configuration.lake(), archive: try configuration.lakeArchive(),
            isDryRun: arguments.flag("--dry-run"))
    }
}

extension Retention {
    private static let dayRange = 0...36_500
    private static let factRange = leastFactDays...36_500
    private static let byteRange = 0...Int.max

    static let options: [Option] = [
        .value("--raw-days", "N", "raw objects go to the archive N days after they came into the lake (default RAW_DAYS, else 7)"),
        .value("--archive-days", "N", "archived ones go for good N days after they came into the lake (default ARCHIVE_DAYS, else 30)"),
        .value("--fact-days", "N", "a month of facts goes N days after its end, 7 or more (default FACT_DAYS, else 90); rollups stay"),
        .value("--log-days", "N", "runs, rejected rows and entries of expired objects go after N days (default LOG_DAYS, else 90)"),
        .value("--raw-max-bytes", "N", "the lake holds no more; the oldest go to the archive first (default RAW_MAX_BYTES, else no bound)"),
        .value("--archive-max-bytes", "N", "the archive holds no more; the oldest go for good (default ARCHIVE_MAX_BYTES, else no bound)"),
    ]

    /// `RAW_DAYS`, `ARCHIVE_DAYS`, `FACT_DAYS`, `LOG_DAYS`, `RAW_MAX_BYTES`, `ARCHIVE_MAX_BYTES`.
    init(_ reader: inout EnvironmentReader) {
        self.init()
        rawDays = reader.int("RAW_DAYS", in: Self.dayRange) ?? rawDays
        archiveDays = reader.int("ARCHIVE_DAYS", in: Self.dayRange) ?? archiveDays
        factDays = reader.int("FACT_DAYS", in: Self.factRange) ?? factDays
        logDays = reader.int("LOG_DAYS", in: Self.factRange) ?? logDays
        rawBytes = reader.int("RAW_MAX_BYTES", in: Self.byteRange)
        archiveBytes = reader.int("ARCHIVE_MAX_BYTES", in: Self.byteRange)
        if archiveDays < rawDays { reader.refuse("ARCHIVE_DAYS", "must not be less than RAW_DAYS, which is \(rawDays)") }
    }

    fileprivate func overridden(by arguments: Arguments) throws -> Retention {
        var retention = self
        retention.rawDays = try arguments.int("--raw-days", default: rawDays, in: Self.dayRange)
        retention.archiveDays = try arguments.int("--archive-days", default: archiveDays, in: Self.dayRange)
        retention.factDays = try arguments.int("--fact-days", default: factDays, in: Self.factRange)
        retention.logDays = try arguments.int("--log-days", default: logDays, in: Self.factRange)
        retention.rawBytes = try arguments.int("--raw-max-bytes", in: Self.byteRange) ?? rawBytes
        retention.archiveBytes = try arguments.int("--archive-max-bytes", in: Self.byteRange) ?? archiveBytes
        guard retention.archiveDays >= retention.rawDays else { throw UsageError("--archive-days must not be less than --raw-days") }
        return retention
    }
}
