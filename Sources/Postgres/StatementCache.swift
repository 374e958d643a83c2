/// Names of the statements that a connection has prepared, by their text; the one unused for longest gives way.
struct StatementCache {
    private struct Entry {
        let name: String
        var lastUse: Int
    }

    private let limit: Int
    private var entries: [String: Entry] = [:]
    private var uses = 0

    init(limit: Int) { self.limit = limit }

    var isEnabled: Bool { limit > 0 }

    mutating func name(for text: String) -> String? {
        uses += 1
        entries[text]?.lastUse = uses
        return entries[text]?.name
    }

    /// The name for a new statement, and which one to give up for it.
    mutating func add(_ text: String) -> (name: String, evicted: String?) {
        uses += 1
        var evicted: String?
        if entries.count >= limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            evicted = entries.removeValue(forKey: oldest.key)?.name
        }
        let name = "s\(uses)"
        entries[text] = Entry(name: name, lastUse: uses)
        return (name, evicted)
    }

    mutating func remove(_ text: String) { entries[text] = nil }
    mutating func removeAll() { entries = [:] }
}
