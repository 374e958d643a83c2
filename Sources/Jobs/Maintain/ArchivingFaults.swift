import Lake
import Runtime

/// Objects that could not be archived, and stay where the table says.
struct ArchivingFaults {
    enum Kind: String {
        /// Neither in the lake nor in the archive.
        case missing
        /// The bytes are not those that were recorded.
        case corrupt
        /// A fault of this one object; the next run tries again.
        case failed
        /// What takes its place in the archive has to stay there, as it is to be transformed again.
        case unplaced
    }

    private(set) var counts: [Kind: Int] = [:]
    /// A lake that lost a million objects need not be told a million times.
    private static let told = 10

    /// Throws what every other object would meet as well.
    mutating func note(_ error: LakeError, _ key: String, _ log: Log) throws(LakeError) {
        guard !error.isOfStore else { throw error }
        note(.failed, key, log, error)
    }

    mutating func note(_ kind: Kind, _ key: String, _ log: Log, _ error: LakeError? = nil) {
        counts[kind, default: 0] += 1
        guard counts[kind, default: 0] <= Self.told else { return }
        log.warning("maintain.not_archived", ["object": .text(key), "fault": .text(kind.rawValue), "error": .text(error?.message ?? "")])
    }
}
