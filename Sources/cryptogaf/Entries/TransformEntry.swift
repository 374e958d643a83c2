import Jobs
import Runtime

extension JobEntry {
    static let transform = JobEntry(
        name: "transform", summary: "objects of the lake to the tables of facts",
        options: [
            .value("--jobs", "N", "workers, each of two threads and two connections to Postgres (default 1)"),
            .flag("--discover", "first list the whole lake for objects that nobody recorded; else that is done once a day"),
            .values("--skip", "KEY", "give up this object, which stopped its channel: it becomes unreadable, and the channel goes on"),
        ],
        requires: [.lake]
    ) { arguments, configuration in
        let options = TransformJob.Options(
            lake: try configuration.lake(), archive: try configuration.lakeArchive(),
            workers: try arguments.int("--jobs", default: 1, in: 1...16), discovers: arguments.flag("--discover"),
            skipped: arguments.strings("--skip"))
        ProcessMemory.keepFreed(pools: 2 * options.workers)
        return TransformJob(options)
    }
}
