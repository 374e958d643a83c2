import Glibc
import Runtime

/// What the process needs before it serves. Call before the first thread starts.
public enum ServerProcess {
    /// Keeps freed memory for the next answer, in two pools for all threads, and takes as many descriptors as the system gives:
    /// every connection that nginx keeps is one.
    public static func prepare() {
        ProcessMemory.keepFreed(pools: 2)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
