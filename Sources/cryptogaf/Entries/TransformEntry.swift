import Jobs

extension JobEntry {
    static let transform = JobEntry(
        name: "transform", summary: "objects of the lake to the tables of facts",
        options: [
            .workers,
            .flag("--discover", "first list the whole lake for objects that nobody recorded; else that is done once a day"),
            .values("--skip", "KEY", "give up this object, which stopped its channel: it becomes unreadable, and the channel goes on"),
        ],
        requires: [.lake]
    ) { arguments, configuration in
        TransformJob(
            TransformJob.Options(
                lake: try configuration.lake(), archive: try configuration.lakeArchive(), workers: try arguments.workers(),
                discovers: arguments.flag("--discover"), skipped: arguments.strings("--skip")))
    }
}
