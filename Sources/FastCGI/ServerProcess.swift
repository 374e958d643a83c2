internal import CFastCGI
import Glibc

/// What the process needs before it serves. Call before the first thread starts.
public enum ServerProcess {
    /// Keeps freed memory for the next answer, in two pools for all threads, and takes as many descriptors as the system gives:
    /// every connection that nginx keeps is one.
    public static func prepare() {
        // An answer needs up to megabytes for a row. malloc would return them to the system each time and take them again page by
        // page, which is a third of the time, and would keep smaller ones for every thread apart.
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 16 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
