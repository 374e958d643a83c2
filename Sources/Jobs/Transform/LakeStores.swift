import Lake
import Warehouse

/// The lake and its archive as one thread sees them; each is opened when it is first needed.
final class LakeStores {
    private let work: TransformWork
    private var live: (any ObjectStore)?
    private var archive: (any ObjectStore)?

    init(_ work: TransformWork) { self.work = work }

    /// False: nothing was ever put there, or its disk is not mounted.
    func isBegun(_ location: RawLocation) -> Bool { place(location).isBegun }

    /// Without an archive, the lake for both. What has expired may still lie in the archive.
    func store(_ location: RawLocation) throws(LakeError) -> any ObjectStore {
        let isLive = location == .live
        if let store = isLive ? live : archive { return store }
        let store = try place(location).open(log: work.log, stop: work.stop)
        if isLive { live = store } else { archive = store }
        return store
    }

    private func place(_ location: RawLocation) -> LakeLocation { location == .live ? work.live : work.archive ?? work.live }
}
