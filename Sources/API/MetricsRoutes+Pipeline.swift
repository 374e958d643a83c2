import Warehouse

extension MetricsRoutes {
    /// Jobs, and the way from the venues to the tables.
    static func text(_ jobs: [JobMetrics], _ pipeline: PipelineMetrics) -> String {
        var out = PrometheusText()
        out.family(
            "cryptogaf_job_last_success_timestamp_seconds", .gauge, "When the job last ended well.",
            jobs.map { (["job": $0.job], $0.lastSuccess) })
        out.family(
            "cryptogaf_job_last_failure_timestamp_seconds", .gauge, "When the job last failed or died.",
            jobs.map { (["job": $0.job], $0.lastFailure) })
        out.family(
            "cryptogaf_job_last_lake_failure_timestamp_seconds", .gauge, "When the job last failed, if that was for the lake.",
            jobs.map { (["job": $0.job], $0.lakeFailure) })
        out.family(
            "cryptogaf_job_last_outcome", .gauge, "Always 1; how the job's last run ended.",
            jobs.map { (["job": $0.job, "outcome": $0.lastOutcome ?? ""], $0.lastOutcome == nil ? nil : 1) })
        out.family(
            "cryptogaf_coverage_unexplained", .gauge, "Candles of tracked series that are neither there nor explained.",
            [([:], pipeline.unexplained)])
        out.family(
            "cryptogaf_objects_due", .gauge, "Raw objects that wait to be transformed, counted up to \(PipelineMetrics.limit).",
            [([:], pipeline.objectsDue)])
        out.family(
            "cryptogaf_rejected_rows_last_day", .gauge, "Rows not loaded in the last 24 hours, counted up to \(PipelineMetrics.limit).",
            [([:], pipeline.rejectedRows)])
        out.family(
            "cryptogaf_stopped_channels", .gauge, "Channels that stand still since the venue changed the shape of its answers.",
            [([:], Double(pipeline.stoppedChannels.count))])
        out.family(
            "cryptogaf_stopped_channel", .gauge, "Always 1; which channel stands still.",
            pipeline.stoppedChannels.map { (["exchange": $0.exchange, "channel": $0.name], 1) })
        out.family(
            "cryptogaf_extractions", .gauge, "Candles, books and tickers of tracked markets that are fetched from the venue.",
            pipeline.extractions.map { (["exchange": $0.exchange], $0.count) })
        out.family(
            "cryptogaf_extractions_failing", .gauge, "Those that brought nothing the last time.",
            pipeline.extractions.map { (["exchange": $0.exchange], $0.failing) })
        out.family(
            "cryptogaf_partition_end_timestamp_seconds", .gauge, "Until when the table of facts has partitions.",
            pipeline.partitionEnds.map { (["fact": $0.fact], $0.end) })
        return out.text
    }
}
