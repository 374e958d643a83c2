public import Lake

extension ObjectStore {
    /// A whole listing.
    public func pages(limit: Int = 1000) throws(LakeError) -> [[String]] {
        var pages: [[String]] = []
        var after: String?
        repeat {
            let page = try list(prefix: "", after: after, limit: limit)
            pages.append(page.keys)
            after = page.next
        } while after != nil
        return pages
    }

    /// Of all objects.
    public func allKeys() throws(LakeError) -> [String] { try pages().flatMap { $0 } }
}
