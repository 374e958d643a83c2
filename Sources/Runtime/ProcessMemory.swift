internal import CSystem

/// How this process deals with memory that it has freed.
public enum ProcessMemory {
    /// From now on keeps tens of megabytes of freed memory for the next piece of work. Call before the first thread starts.
    ///
    /// Images, rows and answers are blocks of 100 kB to megabytes. malloc by itself gives such a block back to the system when it is
    /// freed, and takes it again, page by page, for the next one: a quarter to a third of the time of a drawing or an answer.
    ///
    /// - Parameter pools: how many separate pools threads may have, each of which keeps memory for itself; more threads share them.
    public static func keepFreed(pools: Int) {
        mallopt(M_ARENA_MAX, Int32(pools))
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
        mallopt(M_TOP_PAD, 1 << 20)
    }
}
