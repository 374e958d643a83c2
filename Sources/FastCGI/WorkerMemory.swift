internal import CFastCGI

/// How malloc treats the memory of answers.
public enum WorkerMemory {
    /// Keeps freed memory for the next answer, in two pools for all threads. Call before the first thread starts.
    ///
    /// An answer needs up to megabytes for a row; malloc would return them to the system each time and take them again page by
    /// page, which is a third of the time, and would keep smaller ones for every thread apart.
    public static func keepFreed() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 16 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
    }
}
