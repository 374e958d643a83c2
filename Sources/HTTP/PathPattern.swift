/// A route's path, split into what must be there and what is captured.
struct PathPattern: Sendable {
    private enum Segment: Equatable {
        case literal(String)
        case capture(String)
    }

    let text: String
    private let segments: [Segment]

    init(_ text: String) {
        precondition(text.hasPrefix("/"), "a route starts with a slash: \(text)")
        self.text = text
        segments = text.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.hasPrefix("{") && part.hasSuffix("}") ? .capture(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    var isFixed: Bool {
        segments.allSatisfy { if case .literal = $0 { true } else { false } }
    }

    /// What lies between the slashes, each decoded for itself. The request's initializer has proved that it decodes.
    static func segments(of encodedPath: Substring) -> [String] {
        encodedPath.split(separator: "/", omittingEmptySubsequences: false).map {
            (try? PercentEncoding.decode($0.utf8, plusIsSpace: false)) ?? String($0)
        }
    }

    /// Nil if the path is another one; an empty segment is captured by nothing.
    func match(_ parts: [String]) -> [String: String]? {
        guard parts.count == segments.count else { return nil }
        var captures: [String: String] = [:]
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .literal(let text): guard text == part else { return nil }
            case .capture(let name):
                guard !part.isEmpty else { return nil }
                captures[name] = part
            }
        }
        return captures
    }
}
