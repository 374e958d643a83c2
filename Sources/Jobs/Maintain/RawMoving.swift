import Lake
import Runtime
import Warehouse

/// Raw objects that change their place in the table, and then leave the place where they were: the last three steps of `RawArchiving`.
struct RawMoving {
    let table: RawRetention
    let live: any ObjectStore
    let archive: any ObjectStore
    let log: Log
    let stop: Stop
    let isDryRun: Bool

    /// Objects in one statement.
    private static let page = 256
    /// Objects whose rows are held while they are removed.
    private static let heldLimit = LakeLocation.atOnce

    /// Removes what earlier runs left where it no longer belongs; answers how much.
    func removeLeftovers() throws -> Int {
        var (removed, after) = (0, "")
        while !stop.isRequested {
            let keys = try table.leftovers(after: after, limit: Self.page)
            guard let last = keys.last else { break }
            removed += isDryRun ? keys.count : try removeLeftovers(keys)
            after = last
        }
        return removed
    }

    /// Answers which of them went, or would have.
    func move(_ objects: [SettledObject], from old: RawLocation, to new: RawLocation) throws -> [SettledObject] {
        guard !isDryRun, !objects.isEmpty else { return objects }
        let keys = Set(try table.move(objects.map(\.key), from: old, to: new))
        let moved = objects.filter { keys.contains($0.key) }
        _ = try removeLeftovers(moved.map(\.key))
        return moved
    }

    /// Says of objects that are in neither place that they have expired.
    func giveUp(_ objects: [SettledObject]) throws {
        guard !objects.isEmpty else { return }
        _ = try table.clearLeftovers(try table.move(objects.map(\.key), from: .live, to: .expired)) { keys, _ in keys }
    }

    /// A few at a time: who has lost Postgres, and with it the hold on the rows, finds that out before the next few.
    ///
    /// - Returns: how many went. What cannot be removed is left over.
    private func removeLeftovers(_ keys: [String]) throws -> Int {
        var (rest, removed) = (keys[...], 0)
        while !rest.isEmpty {
            removed += try removeHeld(Array(rest.prefix(Self.heldLimit)))
            rest = rest.dropFirst(Self.heldLimit)
        }
        return removed
    }

    private func removeHeld(_ keys: [String]) throws -> Int {
        var fault: LakeError?
        let removed = try table.clearLeftovers(keys) { keys, location in
            var removed: [String] = []
            for (key, result) in (location == .live ? live : archive).removeAll(keys) {
                switch result {
                case .success: removed.append(key)
                case .failure(let error) where error.isOfStore: fault = error
                case .failure(let error):
                    log.warning("maintain.left_over", ["object": .text(key), "in": .text(location.rawValue), "error": .text("\(error)")])
                }
            }
            return removed
        }
        // What the rows do not wait for is no fault.
        if let fault, removed < keys.count { throw fault }
        return removed
    }
}
